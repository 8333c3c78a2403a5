import { BusError } from '@bus/contracts';
import { Catch, Logger, type ExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/** Every error of an RPC handler → an `ErrorAnswer`; what is no `BusError` is `internal` without details, and logged. */
@Catch()
export class RpcErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(RpcErrorFilter.name);

  catch(exception: unknown): Observable<never> {
    const known = exception instanceof BusError ? exception : null;
    if (!known || known.code === 'internal') this.logger.error({ err: exception }, 'an RPC call failed');
    const error =
      known ??
      new BusError({ code: 'internal', message: 'Something failed here; see the log.', outcome: 'unknown' });
    return throwError(() => error.toAnswer());
  }
}
