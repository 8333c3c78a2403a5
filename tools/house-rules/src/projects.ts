import { dirname } from 'node:path';
import { textOf } from './tree';

export interface Project {
  name: string;
  folder: string;
  tags: string[];
  targets: Record<string, unknown>;
  ports: { http?: number; rpc?: number };
}

/** Every Nx project of the tree. */
export function projectsOf(files: readonly string[]): Project[] {
  return files
    .filter((file) => /^(?:apps|libs|tools)\/[\w-]+\/project\.json$/.test(file))
    .map((file) => {
      const project = JSON.parse(textOf(file)) as {
        name: string;
        tags?: string[];
        targets?: Record<string, unknown>;
        metadata?: { ports?: { http?: number; rpc?: number } };
      };
      return {
        name: project.name,
        folder: dirname(file),
        tags: project.tags ?? [],
        targets: project.targets ?? {},
        ports: project.metadata?.ports ?? {},
      };
    });
}

/** Apps that are built, shipped in an image and run. */
export function shippedApps(files: readonly string[]): Project[] {
  return projectsOf(files).filter(({ tags, targets }) => tags.includes('layer:app') && targets['serve']);
}
