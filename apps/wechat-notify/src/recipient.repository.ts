import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** Where users are reached. */
@Injectable()
export class RecipientRepository {
  /** The user's open id within the official account; `null` where none is known. */
  async find(manager: EntityManager, userId: string): Promise<string | null> {
    const [recipient]: { openId: string }[] = await manager.query(
      'SELECT open_id AS "openId" FROM wechat_notify.recipient WHERE user_id = $1',
      [userId],
    );
    return recipient?.openId ?? null;
  }
}
