import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Misbehaviour, type Misbehaviours } from './misbehaviour';

/** `POST /misbehaviour`: what is not named is well again. */
@Controller('misbehaviour')
export class MisbehaviourHttpController {
  constructor(private readonly misbehaviour: Misbehaviour) {}

  @Post()
  @HttpCode(204)
  set(@Body() wanted: Partial<Misbehaviours>): void {
    this.misbehaviour.set(wanted);
  }
}
