// Kubernetes' schemas, compiled to validators by the package kubernetes-models. They do not mind fields that they do
// not know; but they look at each one that they know, so what they never looked at is unknown.
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const schemas = path.join(path.dirname(require.resolve('kubernetes-models')), '_schemas'); // not exported by name

function validatorOf({ apiVersion, kind }) {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const capital = (word) => word[0].toUpperCase() + word.slice(1);
  const name = `IoK8sApi${capital(group.split('.')[0])}${capital(version)}${kind}`;
  return require(path.join(schemas, `${name}.js`)).validate;
}

// `value` with a note in `seen` of the path of every property that is read.
function watched(value, at, seen) {
  if (value === null || typeof value !== 'object') return value;
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === 'string') seen.add(`${at}/${key}`);
      return watched(target[key], `${at}/${String(key)}`, seen);
    },
  });
}

function paths(value, at = '') {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) => [`${at}/${key}`, ...paths(each, `${at}/${key}`)]);
}

function look(manifest) {
  const seen = new Set();
  const validate = validatorOf(manifest);
  const valid = validate(watched(manifest, '', seen));
  const unknown = paths(manifest).filter((each) => !seen.has(each));
  // What is below an unknown field is as unknown.
  const highest = unknown.filter((each) => !unknown.some((other) => each.startsWith(`${other}/`)));
  return { errors: valid ? [] : validate.errors, unknown: highest };
}

export function unknownFields(manifest) {
  return look(manifest).unknown;
}

// What is wrong, a line each.
export function checkManifest(manifest) {
  const { errors, unknown } = look(manifest);
  const wrong = errors.map(({ instancePath, keyword, params }) =>
    (keyword === 'type' ? `${instancePath} must be ${params.type}` : `${instancePath} ${keyword}: ${JSON.stringify(params)}`));
  return [...wrong, ...unknown.map((each) => `${each} is unknown`)].sort();
}
