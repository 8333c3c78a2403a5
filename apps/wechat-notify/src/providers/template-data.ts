import type { WechatMessage } from '../order-paid-message';

/** Which field of the template takes which value: `{ order: 'character_string1', … }`. */
export type TemplateFields = Partial<Record<keyof WechatMessage['values'], string>>;

/**
 * Longest values by kind of field, in characters; longer ones are refused with 47003.
 * @see https://developers.weixin.qq.com/doc/service/en/guide/product/template_message/Template_Message_Interface.html
 */
const FIELD_LENGTH: Record<string, number> = { thing: 20, character_string: 32, phrase: 5, short_thing: 5 };

/** The `data` of a template message: each value in its field, cut to what the kind of field takes. */
export function templateData(
  fields: TemplateFields,
  values: WechatMessage['values'],
): Record<string, { value: string }> {
  const data: Record<string, { value: string }> = {};
  for (const [name, field] of Object.entries(fields) as [keyof typeof values, string][]) {
    const kind = field.replace(/\d+$/, '');
    data[field] = { value: [...values[name]].slice(0, FIELD_LENGTH[kind]).join('') };
  }
  return data;
}
