import { resolve } from 'node:path';
import { discoverApps, portVariable, toApp, type ProjectFile } from './apps';

const points: ProjectFile = {
  name: 'points',
  tags: ['layer:app', 'scope:consumer'],
  targets: { serve: {} },
  metadata: { ports: { http: 4102, rpc: 4101 } },
};

describe(toApp, () => {
  it('takes a project that is an app and can be served', () => {
    expect(toApp(points, {}, null)).toEqual({
      name: 'points',
      scope: 'consumer',
      httpPort: 4102,
      rpcPort: 4101,
      operationsFile: null,
    });
  });

  it.each([
    ['a library', { ...points, tags: ['layer:kit'] }],
    ['a project without serve', { ...points, targets: {} }],
    ['bus-migrate, which ends by itself', { ...points, name: 'bus-migrate' }],
  ])('leaves out %s', (_, project) => {
    expect(toApp(project, {}, null)).toBeNull();
  });

  it('moves one port by the variable that bears the name of the app', () => {
    expect(portVariable('wechat-notify', 'RPC')).toBe('WECHAT_NOTIFY_RPC_PORT');
    expect(toApp(points, { POINTS_RPC_PORT: '5101', HTTP_PORT: '1' }, null)).toMatchObject({
      httpPort: 4102,
      rpcPort: 5101,
    });
  });

  it('refuses a port that is none, naming the variable', () => {
    expect(() => toApp(points, { POINTS_HTTP_PORT: 'http' }, null)).toThrow(
      'POINTS_HTTP_PORT=http is no port',
    );
  });

  it('names the missing line of a project without ports', () => {
    expect(() => toApp({ ...points, metadata: {} }, {}, null)).toThrow('"metadata": { "ports"');
  });
});

describe(discoverApps, () => {
  it('finds the apps of this workspace, none twice on a port', () => {
    const apps = discoverApps(resolve(__dirname, '../../..'), {});
    expect(apps.map((app) => app.name)).toEqual(
      expect.arrayContaining(['bus-consumer', 'bus-producer', 'points']),
    );
    const ports = apps.flatMap((app) => [app.httpPort, app.rpcPort]).filter((port) => port !== null);
    expect(new Set(ports).size).toBe(ports.length);
  });
});
