import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { BUILT_IN_PREFIX } from '@bus/contracts';
import { BuiltInOperationCaller } from './built-in-operation-caller';
import { HttpOperationCaller } from './http-operation-caller';
import { OperationCaller, type CallSignal, type OutgoingCall } from './operation-caller';
import { TcpOperationCaller } from './tcp-operation-caller';

/** Takes each call to where its operation lives: in this process, `tcp://` or `http(s)://`. */
@Injectable()
export class EndpointOperationCaller extends OperationCaller implements OnApplicationShutdown {
  constructor(
    private readonly builtIn: BuiltInOperationCaller,
    private readonly tcp: TcpOperationCaller,
    private readonly http: HttpOperationCaller,
  ) {
    super();
  }

  override call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void {
    return this.callerOf(call).call(call, done);
  }

  override async close(): Promise<void> {
    await Promise.all([this.builtIn.close(), this.tcp.close(), this.http.close()]);
  }

  /** After the drain: no call is under way. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  private callerOf({ operation }: OutgoingCall): OperationCaller {
    if (operation.name.startsWith(BUILT_IN_PREFIX)) return this.builtIn;
    return operation.endpoint?.startsWith('tcp:') ? this.tcp : this.http;
  }
}
