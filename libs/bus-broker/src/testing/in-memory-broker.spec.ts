import { brokerConformance } from './broker.conformance';
import { InMemoryBroker } from './in-memory-broker';

brokerConformance({
  title: InMemoryBroker.name,
  open: async () => {
    const broker = new InMemoryBroker(4);
    return {
      partitions: 4,
      publisher: () => broker.publisher(),
      subscriber: () => broker.subscriber(),
      gap: async (partition) => {
        broker.skip(partition, 3);
        return 3n;
      },
      dropBefore: async (partition, offset) => broker.dropBefore(partition, offset),
      goAway: async () => broker.goAway(),
      comeBack: async () => broker.comeBack(),
      recreate: async () => broker.recreate(),
      close: async () => undefined,
    };
  },
});
