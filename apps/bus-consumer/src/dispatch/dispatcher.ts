import { Injectable } from '@nestjs/common';
import type { Claimed } from '@bus/store';
import type { RunnableOperation } from '@bus/domain';
import { Timers } from '../timers';
import { AttemptRun } from './attempt-run';
import { ExecutionQueue } from './execution-queue';
import { ExecutionRecord } from './execution-record';
import { ExecutionsInHand, type Arrival } from './executions-in-hand';
import type { HeldExecution } from './held-execution';
import { SettleBatch } from './settle-batch';

/** How often queued executions are looked at whose turn does not come. */
const LOOK_MS = 1000;

/**
 * Calls the services for what is leased to this process: a queue per operation, calls up to its `concurrency`. A call
 * never leaves with less than its timeout and a second of the lease left; such an execution is given back.
 */
@Injectable()
export class Dispatcher {
  private readonly queues = new Map<number, ExecutionQueue>();
  private queued = 0;
  private live = 0;
  private isStopping = false;
  private isLooking = false;
  private readonly quietWaiters: (() => void)[] = [];

  constructor(
    private readonly inHand: ExecutionsInHand,
    private readonly attempts: AttemptRun,
    private readonly settle: SettleBatch,
    private readonly record: ExecutionRecord,
    private readonly timers: Timers,
  ) {
    settle.listen({
      released: (claimed, startedMs) => this.accept(claimed, { startedMs }),
      settled: (execution, nowMs) => inHand.drop(execution, nowMs),
      abandoned: (execution) => inHand.abandon(execution),
    });
  }

  /** Calls under way. */
  get liveCalls(): number {
    return this.live;
  }

  /** Takes executions that are leased to this process, their slots reserved, their transaction committed. */
  accept(claimed: Claimed, arrival: Arrival): void {
    const touched = new Set<number>();
    for (const execution of this.inHand.take(claimed, arrival)) {
      this.queueOf(execution.operationId).push(execution);
      this.queued++;
      touched.add(execution.operationId);
    }
    for (const operationId of touched) this.pump(operationId);
    this.lookLater();
  }

  /**
   * Gives back what is unsent, lets calls finish, writes all results.
   * @param callsMs longest wait for calls; longer ones end as `unknown` after their lease
   */
  async drain(callsMs: number): Promise<void> {
    this.isStopping = true;
    for (const operationId of this.queues.keys()) this.pump(operationId);
    await new Promise<void>((go) => {
      const cancel = this.timers.after(callsMs, go);
      const quiet = () => {
        cancel();
        go();
      };
      if (this.live === 0) quiet();
      else this.quietWaiters.push(quiet);
    });
    await this.settle.whenIdle();
  }

  /** Starts what may start; gives back what must not start any more. */
  private pump(operationId: number): void {
    const queue = this.queueOf(operationId);
    if (queue.isPumped) return; // a call that ended at once: the loop below goes on by itself
    queue.isPumped = true;
    try {
      this.startQueued(queue, operationId);
    } finally {
      queue.isPumped = false;
    }
  }

  private startQueued(queue: ExecutionQueue, operationId: number): void {
    // One time for the whole loop: it makes calls and waits for none, and a lease has a second to spare.
    const nowMs = this.inHand.nowMs();
    for (let execution = queue.peek(); execution; execution = queue.peek()) {
      const operation = this.inHand.operationOf(execution);
      if (this.isStopping || this.inHand.isTooLate(execution, operation, nowMs))
        this.settle.add(this.attempts.giveBack(execution, operation), execution);
      else if (queue.live >= operation.concurrency) return;
      // The service is away: only the probe goes out, and what is queued is not burnt on it.
      else if (!this.inHand.slots.mayCall(operationId))
        this.settle.add(this.attempts.giveBack(execution, operation), execution);
      else this.start(queue, execution, operation, nowMs);
      queue.shift();
      this.queued--;
    }
  }

  private start(
    queue: ExecutionQueue,
    execution: HeldExecution,
    operation: RunnableOperation,
    nowMs: number,
  ): void {
    queue.live++;
    this.live++;
    this.record.started(execution, operation.name, nowMs);
    this.attempts.run(execution, operation, (ended) => {
      queue.live--;
      this.live--;
      this.record.called(operation.name, ended);
      if (ended.call)
        this.inHand.slots.called(operation.operationId, ended.call.durationMs, ended.call.answered);
      this.settle.add(ended.end, execution);
      if (queue.size > 0) this.pump(operation.operationId);
      if (this.live === 0) this.quietWaiters.splice(0).forEach((quiet) => quiet());
    });
  }

  /** Behind slow calls nothing pumps: leases and pauses are looked after by time. */
  private lookLater(): void {
    if (this.isLooking || this.queued === 0) return;
    this.isLooking = true;
    this.timers.after(LOOK_MS, () => {
      this.isLooking = false;
      for (const [operationId, queue] of this.queues) if (queue.size > 0) this.pump(operationId);
      this.lookLater();
    });
  }

  private queueOf(operationId: number): ExecutionQueue {
    let queue = this.queues.get(operationId);
    if (!queue) {
      queue = new ExecutionQueue();
      this.queues.set(operationId, queue);
    }
    return queue;
  }
}
