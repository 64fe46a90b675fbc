// The manifests: valid by Kubernetes' own schemas, without a field that these do not know, and with settings that
// the program accepts.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BASE, OVERLAY, PLAIN, containersOf, manifests, seconds, settingsOf } from './lib/manifests.js';
import { checkManifest, unknownFields } from './lib/kubernetes_schema.js';
import { check } from './lib/check.js';

const all = [...manifests(PLAIN), ...manifests(join(BASE, 'deployment.yaml')), ...manifests(join(BASE, 'service.yaml'))];
const deployments = { native: manifests(join(BASE, 'deployment.yaml'))[0], plain: manifests(PLAIN)[0] };
const [patch] = manifests(join(OVERLAY, 'behind-alb.yaml'));
const proxyOf = (manifest) => containersOf(manifest).find(({ name }) => name === 'sse-proxy');
const appOf = (manifest) => containersOf(manifest).find(({ name }) => name === 'app');

describe('the manifests', () => {
  for (const manifest of all) {
    it(`${manifest.kind} ${manifest.metadata.name} is valid`, () => assert.deepEqual(checkManifest(manifest), []));
  }

  it('a misspelt or misplaced field would be found', () => {
    const broken = structuredClone(deployments.native);
    broken.spec.template.spec.initContainers[0].readinesProbe = {};
    broken.spec.template.spec.containers[0].lifecycle.preStop.sleep.second = 5;
    broken.spec.replicas = 'two';
    assert.deepEqual(checkManifest(broken), [
      '/spec/replicas must be integer',
      '/spec/template/spec/containers/0/lifecycle/preStop/sleep/second is unknown',
      '/spec/template/spec/initContainers/0/readinesProbe is unknown',
    ]);
  });

  it("the service's port is the proxy's", () => {
    for (const service of all.filter(({ kind }) => kind === 'Service')) {
      const [{ targetPort }] = service.spec.ports;
      assert.ok(proxyOf(deployments.native).ports.some(({ name }) => name === targetPort));
      assert.ok(proxyOf(deployments.plain).ports.some(({ name }) => name === targetPort));
    }
  });

  for (const [name, manifest] of Object.entries(deployments)) {
    it(`${name}: the proxy runs as nobody, without capabilities, on a read-only root`, () => {
      const { seccompProfile } = manifest.spec.template.spec.securityContext;
      const { runAsNonRoot, readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = proxyOf(manifest).securityContext;
      assert.deepEqual({ seccompProfile, runAsNonRoot, readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities }, {
        seccompProfile: { type: 'RuntimeDefault' }, runAsNonRoot: true, readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] },
      });
    });
  }
});

describe('the settings in them', () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sse-proxy-kubernetes-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const printed = ({ args, env }) => {
    const local = args.map((arg) => arg.replace('/etc/sse-proxy/sse-proxy.toml', join(BASE, 'sse-proxy.toml')));
    return check([...local, '--print'], env);
  };
  const value = (text, key) => new RegExp(`^${key.replace('.', '\\.')} = "?([^"#]*?)"?  #`, 'm').exec(text)?.[1];

  for (const [name, container] of [['native', proxyOf(deployments.native)], ['plain', proxyOf(deployments.plain)],
    ['overlay', { ...proxyOf(deployments.native), env: proxyOf(patch).env }]]) {
    it(`${name}: the program accepts them, and every variable is one of its own`, () => {
      const settings = settingsOf(container);
      const text = printed(settings);
      for (const variable of Object.keys(settings.env)) assert.match(text, new RegExp(`# ${variable}\\b`), variable);
      assert.equal(value(text, 'admin'), '0.0.0.0:9180');
    });
  }

  it('plain: the app outlives the drain, and the pod the app', () => {
    const text = printed(settingsOf(proxyOf(deployments.plain)));
    const drain = seconds(value(text, 'drain.delay')) + seconds(value(text, 'drain.timeout'));
    const wait = Number(appOf(deployments.plain).lifecycle.preStop.exec.command[1]);
    assert.ok(wait >= drain + 5, `${wait} s of preStop for a drain of ${drain} s`);
    assert.ok(deployments.plain.spec.template.spec.terminationGracePeriodSeconds >= wait + 10);
  });

  it("native: the pod outlives the app's end and the drain after it", () => {
    const text = printed(settingsOf(proxyOf(deployments.native)));
    const drain = seconds(value(text, 'drain.delay')) + seconds(value(text, 'drain.timeout'));
    const { sleep } = appOf(deployments.native).lifecycle.preStop;
    assert.ok(deployments.native.spec.template.spec.terminationGracePeriodSeconds >= sleep.seconds + 30 + drain);
  });
});

describe('the overlay', () => {
  it('names what is in the base', () => {
    const [kustomization] = manifests(join(OVERLAY, 'kustomization.yaml'));
    const base = deployments.native;
    assert.deepEqual(kustomization.patches.map(({ path }) => path), [basename('behind-alb.yaml')]);
    assert.equal(patch.kind, base.kind);
    assert.equal(patch.metadata.name, base.metadata.name);
    for (const { name } of kustomization.replicas) assert.equal(name, base.metadata.name);
    const images = containersOf(base).map(({ image }) => image.split(':')[0]);
    for (const { name } of kustomization.images) assert.ok(images.includes(name), name);
    for (const { name } of containersOf(patch)) assert.ok(containersOf(base).some((container) => container.name === name), name);
    assert.deepEqual(unknownFields(patch), []);
  });

  it('and the base names the files that are there', () => {
    const [base] = manifests(join(BASE, 'kustomization.yaml'));
    for (const file of base.resources) assert.ok(manifests(join(BASE, file)).length > 0);
    assert.deepEqual(base.configMapGenerator[0].files, ['sse-proxy.toml']);
    assert.equal(base.configMapGenerator[0].name, deployments.native.spec.template.spec.volumes[0].configMap.name);
  });
});
