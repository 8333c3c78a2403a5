import { PostgresOperationGraphs } from '@bus/store';
import {
  PostgresEventControlStore,
  PostgresEventInbox,
  PostgresExecutionControl,
  PostgresExecutionLedger,
} from '@bus/store/testing';
import type { Bend } from './bend';
import { Racer } from './racer';

/** The product's own repositories, on a connection that stops before every statement. */
export class RaceRacer extends Racer {
  readonly inbox: PostgresEventInbox;
  readonly ledger: PostgresExecutionLedger;
  readonly control: PostgresEventControlStore;
  readonly people: PostgresExecutionControl;
  readonly graphs: PostgresOperationGraphs;

  constructor(name: string, url: string, bend?: Bend) {
    super(name, url, bend);
    this.inbox = new PostgresEventInbox(this.pool);
    this.ledger = new PostgresExecutionLedger(this.pool);
    this.control = new PostgresEventControlStore(this.pool);
    this.people = new PostgresExecutionControl(this.pool);
    this.graphs = new PostgresOperationGraphs(this.pool);
  }
}
