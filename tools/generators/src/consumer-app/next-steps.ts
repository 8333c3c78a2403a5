/** What is left for a person when the files are there. */
export interface Remaining {
  name: string;
  operation: string;
  /** Path of the handler class. */
  handlerFile: string;
  /** Path of the new event type's schema; `null` where the type was known. */
  eventFile: string | null;
  /** Deployment files that name the apps and were left as they are. */
  leftOut: readonly string[];
  /** Whether `.env.example` has the app's settings. */
  settingsWritten: boolean;
}

/** The next steps, numbered, as they are printed. */
export function nextSteps({
  name,
  operation,
  handlerFile,
  eventFile,
  leftOut,
  settingsWritten,
}: Remaining): string {
  const steps = [
    ...(eventFile ? [`Say what the event carries: ${eventFile}`] : []),
    `Fill in the class, its effect inside withIdempotency: ${handlerFile}`,
    ...leftOut.map((file) => `Add ${name} to ${file} by hand: its list of apps was not found`),
    ...(settingsWritten ? [] : ['npm run env-example']),
    `npx nx test ${name}          (fails until the class is filled in)`,
    `Deploy it, after: main.js --migrate`,
    `npm run bus -- operations plan          (${operation} stands in apps/${name}/operations.yaml)`,
    `npm run bus -- operations apply`,
  ];
  return ['', 'Next steps', ...steps.map((step, index) => `  ${index + 1}. ${step}`), ''].join('\n');
}
