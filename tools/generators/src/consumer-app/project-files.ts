import { readJson, type Tree } from '@nx/devkit';

/** What the generator reads of a project.json. */
export interface ProjectFile {
  name: string;
  folder: string;
  metadata?: { ports?: Partial<Record<'http' | 'rpc', number>> };
}

/** Every project below `apps`, `libs` and `tools`. */
export function projectFiles(tree: Tree): ProjectFile[] {
  return ['apps', 'libs', 'tools'].flatMap((root) =>
    tree
      .children(root)
      .map((folder) => `${root}/${folder}`)
      .filter((folder) => tree.exists(`${folder}/project.json`))
      .map((folder) => ({ ...readJson<ProjectFile>(tree, `${folder}/project.json`), folder })),
  );
}
