// The Kubernetes manifests of deploy/, as objects.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ROOT } from './paths.js';

const FOLDER = join(ROOT, 'deploy/kubernetes');
export const BASE = join(FOLDER, 'base');
export const OVERLAY = join(FOLDER, 'overlays/production');
export const PLAIN = join(FOLDER, 'plain-sidecar.yaml');

export function parseManifests(text) {
  return parseAllDocuments(text, { prettyErrors: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });
}

export const manifests = (path) => parseManifests(readFileSync(path, 'utf8'));

export function containersOf(manifest) {
  const { containers = [], initContainers = [] } = manifest.spec.template.spec;
  return [...initContainers, ...containers];
}

export function settingsOf({ args, env = [] }) {
  return { args, env: Object.fromEntries(env.map(({ name, value }) => [name, value])) };
}

// "5s" and "0ms" as seconds.
export function seconds(duration) {
  const [, number, unit] = /^(\d+)(ms|s|m)$/.exec(duration);
  return Number(number) * { ms: 0.001, s: 1, m: 60 }[unit];
}
