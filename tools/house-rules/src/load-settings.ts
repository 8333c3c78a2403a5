import { join } from 'node:path';
import type { AppSettings, EndpointName } from './env-example';
import { ROOT, textOf } from './tree';

/** The settings of every app that has a `<app>.config.ts`, by the app's name.
 *  @throws Error naming the file that exports no `settingsSchema` */
export function loadSettings(files: readonly string[]): AppSettings[] {
  return files
    .flatMap((file) => {
      const [, app] = /^apps\/([\w-]+)\/src\/([\w-]+)\.config\.ts$/.exec(file) ?? [];
      return app ? [{ app, file }] : [];
    })
    .map(({ app, file }) => {
      const { settingsSchema } = require(join(ROOT, file)) as { settingsSchema?: AppSettings['schema'] };
      if (!settingsSchema) throw new Error(`${file} exports no settingsSchema`);
      return { app, schema: settingsSchema };
    });
}

/** Every `${NAME:-default}` of the operations files. */
export function loadEndpointNames(files: readonly string[]): EndpointName[] {
  return files
    .filter((file) => file.endsWith('operations.yaml'))
    .flatMap((file) => [...textOf(file).matchAll(/\$\{(\w+):-([^}]*)\}/g)])
    .map(([, name, preset]) => ({ name: name as string, preset: preset as string }));
}
