import type { FaultKind, PlannedFault } from './planned-faults';
import type { Replica } from './replica';
import type { World } from './world';

/** Does to a world what its plan says. */
export class Nemesis {
  private isOver = false;

  constructor(private readonly world: World) {}

  begin(): void {
    for (const fault of this.world.plan.faults)
      this.world.time.at(fault.atMs, () => {
        if (this.isOver) return;
        this.world.seen.faults.add(fault.kind);
        this.world.seen.trace.add(this.world.time.nowMs, `${fault.kind} ${fault.target} ${fault.durationMs}`);
        this.faults[fault.kind](fault);
      });
  }

  /** All faults end; everything runs. */
  heal(): void {
    this.isOver = true;
    const { world } = this;
    world.weather.isAway = false;
    world.weather.slowMs = 0;
    world.broker.isDown = false;
    for (const service of world.services.values()) {
      service.isDown = false;
      service.slowMs = 0;
    }
    for (const replica of world.replicas) {
      if (replica.current) replica.current.link.isAway = false;
      replica.current?.process.resume();
      if (!replica.current) replica.start();
    }
  }

  private readonly faults: Record<FaultKind, (fault: PlannedFault) => void> = {
    kill: ({ target, durationMs }) => {
      const replica = this.replica(target);
      const { current } = replica;
      const kill = () => {
        if (!current || replica.current !== current || this.isOver) return;
        replica.kill();
        this.startLater(replica, durationMs);
      };
      // Every other one in the midst of its next transaction.
      if (current && target % 2 === 0) current.link.interrupt = kill;
      else kill();
    },
    restart: ({ target, durationMs }) => {
      const replica = this.replica(target);
      const start = replica.current;
      if (!start || start.process.isStopped) return;
      void start.stop().then(() => {
        if (replica.current !== start) return;
        replica.kill();
        this.startLater(replica, durationMs);
      });
    },
    stop: ({ target, durationMs }) => {
      const start = this.replica(target).current;
      start?.process.stop();
      this.world.time.after(durationMs, () => start?.process.resume());
    },
    rebalance: () => this.world.broker.rebalance(),
    'store-away': ({ durationMs }) => {
      this.world.weather.isAway = true;
      this.cutAll();
      this.world.time.after(durationMs, () => (this.world.weather.isAway = false));
    },
    'store-slow': ({ durationMs }) => {
      this.world.weather.slowMs = 400;
      this.world.time.after(durationMs, () => (this.world.weather.slowMs = 0));
    },
    'store-cut': ({ target }) => this.replica(target).current?.link.cut(),
    'link-away': ({ target, durationMs }) => {
      const link = this.replica(target).current?.link;
      if (!link) return;
      link.cut();
      link.isAway = true;
      this.world.time.after(durationMs, () => (link.isAway = false));
    },
    'broker-down': ({ durationMs }) => {
      this.world.broker.isDown = true;
      this.world.time.after(durationMs, () => (this.world.broker.isDown = false));
    },
    'hints-lost': () => {
      this.world.broker.hints.clear();
      this.world.broker.rebalance();
    },
    'service-down': ({ target, durationMs }) => {
      const service = this.service(target);
      service.isDown = true;
      service.kill();
      this.world.time.after(durationMs, () => (service.isDown = false));
    },
    'service-slow': ({ target, durationMs }) => {
      const service = this.service(target);
      service.slowMs = 9000;
      this.world.time.after(durationMs, () => (service.slowMs = 0));
    },
  };

  private startLater(replica: Replica, inMs: number): void {
    this.world.time.after(inMs, () => {
      if (!replica.current) replica.start();
    });
  }

  private cutAll(): void {
    for (const { current } of this.world.replicas) current?.link.cut();
  }

  private replica(target: number): Replica {
    return this.world.replicas[target % this.world.replicas.length];
  }

  private service(target: number) {
    const services = [...this.world.services.values()];
    return services[target % services.length];
  }
}
