import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Where users are reached. */
@Injectable()
export class RecipientRepository {
  /** The user's phone number; `null` where none is known. */
  async find(manager: EntityManager, userId: string): Promise<string | null> {
    const [recipient]: { phone: string }[] = await manager.query(
      'SELECT phone AS "phone" FROM sms.recipient WHERE user_id = $1',
      [userId],
    );
    return recipient?.phone ?? null;
  }
}
