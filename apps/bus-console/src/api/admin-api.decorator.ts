import { applyDecorators, Controller, UseFilters } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { ErrorAnswerDto } from './error-answer';
import { StoreAwayFilter } from './store-away.filter';

/** A controller below `/api/v1`, its error answers documented. */
export function AdminApi(path: string) {
  return applyDecorators(
    Controller(`api/v1/${path}`),
    UseFilters(StoreAwayFilter),
    ApiTags(path),
    ApiResponse({
      status: 400,
      type: ErrorAnswerDto,
      description: 'The request is faulty; every fault is named',
    }),
    ApiResponse({
      status: 503,
      type: ErrorAnswerDto,
      description: 'Postgres is away, or the search reads too much',
    }),
  );
}
