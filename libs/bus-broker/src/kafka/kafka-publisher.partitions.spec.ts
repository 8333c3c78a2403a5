import { partitionOf } from '@bus/domain';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';

describe(partitionOf.name, () => {
  it("chooses the partition that kafkajs's default partitioner chooses, for any key", () => {
    const choose = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.integer({ min: 1, max: 200 }),
        (key, partitions) => {
          const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
            partitionId,
            leader: 1,
          }));
          const chosen = choose({ topic: 't', partitionMetadata, message: { key, value: null } } as never);
          expect(partitionOf(key, partitions)).toBe(chosen);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
