import type { EventPublisher } from '@bus/contracts';
import type { PublishProgress } from './publish-progress';
import { toEvent, type Purchase } from './purchases';

export const PUBLISHERS = 4;

/**
 * Publishes every purchase twice, from 4 parallel publishers. All lines of a customer go through one of them, each event
 * and its repeat sent after the last answer: so the log holds a customer's orders in file order.
 * @param progress counts each answer, and may hold the next call up
 */
export async function publishOrders(
  purchases: readonly Purchase[],
  publishers: readonly EventPublisher[],
  progress: PublishProgress,
): Promise<void> {
  await Promise.all(
    publishers.map(async (publisher, index) => {
      for (const purchase of purchases) {
        if (Number(purchase.customer) % publishers.length !== index) continue;
        for (let repeat = 0; repeat < 2; repeat += 1) {
          await publisher.publish(toEvent(purchase));
          await progress.answer();
        }
      }
    }),
  );
}
