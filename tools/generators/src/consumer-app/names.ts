/** One name in each of the ways in which the generated files write it. */
export interface Name {
  kebab: string;
  camel: string;
  pascal: string;
  snake: string;
  constant: string;
}

/** @param text words with anything but letters and digits between them; capitals stay inside of words */
export function nameOf(text: string): Name {
  const words = text.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const lower = words.map((word) => word.toLowerCase());
  const capital = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const pascal = capital.join('');
  return {
    kebab: lower.join('-'),
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    pascal,
    snake: lower.join('_'),
    constant: lower.join('_').toUpperCase(),
  };
}

/** The work of an operation: `refunds.issue` is `issue-refund`, `sms.remind-payment` is `remind-payment`. */
export function handlerName(operation: string): Name {
  const [verb = '', thing = ''] = operation.split('.').reverse();
  return nameOf(verb.includes('-') ? verb : `${verb}-${singular(thing)}`);
}

/** What one effect of the app is called: `refund-entry` for `refunds`. Never a reserved word of SQL. */
export function entryName(app: string): Name {
  return nameOf(`${singular(app)}-entry`);
}

function singular(word: string): string {
  if (/ies$/.test(word)) return word.replace(/ies$/, 'y');
  if (/(?:ch|sh|ss|x)es$/.test(word)) return word.slice(0, -2);
  return word.length > 3 && /[^sui]s$/.test(word) ? word.slice(0, -1) : word;
}
