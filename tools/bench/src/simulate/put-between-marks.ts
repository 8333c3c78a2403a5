/** What stands between `<!-- simulate -->` and `<!-- /simulate -->` gives way to a text. @throws Error where they are missing */
export function putBetweenMarks(page: string, text: string): string {
  const marks = /(<!-- simulate -->)[\s\S]*?(<!-- \/simulate -->)/;
  if (!marks.test(page))
    throw new Error('The page has no <!-- simulate --> with <!-- /simulate --> behind it.');
  return page.replace(marks, (_all, from: string, to: string) => `${from}\n\n${text}\n\n${to}`);
}
