import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { HttpErrorFilter } from './http-error.filter';
import { RpcErrorFilter } from './rpc-error.filter';

/** One global filter for an app that serves HTTP and RPC: Nest hands a microservice the filters of the HTTP app. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly http = new HttpErrorFilter();
  private readonly rpc = new RpcErrorFilter();

  catch(exception: unknown, host: ArgumentsHost): void | Observable<never> {
    return host.getType() === 'rpc' ? this.rpc.catch(exception) : this.http.catch(exception, host);
  }
}
