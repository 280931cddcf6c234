/**
 * @file Makes the real `@tensorflow/tfjs-node` run where its own install step cannot download TensorFlow: the C library is
 * taken from the PyPI wheel `tensorflow-cpu`, and the package's Node-API binding is compiled against it.
 *
 *   node test/native/provision.ts
 *
 * Linux on x64 with Python's pip and g++. It downloads 270 MB and leaves 1.1 GB in the user's cache folder, so nothing
 * runs it by itself: `npm run test:native` does, and tests that need the engine are skipped, with the reason, where that
 * was never called. The binding is written for TensorFlow 2.9; the C API has stayed compatible, the tests show it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bindingFolder, TENSORFLOW_VERSION } from './binding-folder.ts';

const PACKAGES = {
  node: ['@tensorflow/tfjs-node@4.22.0', 'node-api-headers@1.9.0'],
  webgpu: ['webgpu@0.6.2', '@tensorflow/tfjs-backend-webgpu@4.22.0'],
};

/** What the binding needs of the wheel: both libraries, and the headers that its two files reach. */
const EXTRACT = `
import re, sys, zipfile
wanted = re.compile(r'tensorflow/(libtensorflow_(cc|framework)\\.so\\.2$|include/(tensorflow/c|tensorflow/core/platform|tsl|xla/tsl/c)/)')
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if wanted.match(name)])
`;

const folder = bindingFolder();
if (existsSync(folder)) {
  console.log(`${folder} is there.`);
} else {
  mkdirSync(dirname(folder), { recursive: true });
  const scratch = mkdtempSync(`${folder}.partial-`);
  try {
    const engine = join(scratch, 'node');
    installPackages(engine, PACKAGES.node);
    const tensorflow = extractTensorFlow(engine);
    compileBinding(engine, tensorflow);
    rmSync(tensorflow, { recursive: true });
    installPackages(join(scratch, 'webgpu'), PACKAGES.webgpu); // complete as npm has it
    renameSync(scratch, folder);
    console.log(`${folder} is made.`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Packages as npm has them, without install steps, of which tfjs-node's downloads. */
function installPackages(engine: string, packages: readonly string[]): void {
  mkdirSync(engine);
  writeFileSync(join(engine, 'package.json'), '{ "private": true }');
  execute('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], engine);
}

/** Returns the folder `tensorflow` of the wheel. */
function extractTensorFlow(engine: string): string {
  // Any Python's wheel has the same library.
  const target = ['--only-binary=:all:', '--python-version=3.11', '--platform=manylinux_2_27_x86_64'];
  const wheel = `tensorflow-cpu==${TENSORFLOW_VERSION}`;
  execute('python3', ['-m', 'pip', 'download', '--no-deps', ...target, '--dest=.', wheel], engine);
  const [file] = globSync('tensorflow_cpu-*.whl', { cwd: engine });
  execute('python3', ['-c', EXTRACT, file, '.'], engine);
  rmSync(join(engine, file));
  return join(engine, 'tensorflow');
}

/** Compiles as the package's binding.gyp does, and puts everything where that would. */
function compileBinding(engine: string, tensorflow: string): void {
  const target = join(engine, 'node_modules/@tensorflow/tfjs-node');
  const libraries = join(target, 'deps/lib');
  const addon = join(target, 'lib/napi-v8');
  for (const dir of [libraries, addon]) mkdirSync(dir, { recursive: true });
  const names = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
  for (const name of names) renameSync(join(tensorflow, name), join(libraries, name));
  const headers = [join(engine, 'node_modules/node-api-headers/include'), join(tensorflow, 'include')];
  execute(
    'g++',
    [
      ...['-O2', '-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
      ...headers.map((dir) => `-I${dir}`),
      ...['binding/tfjs_backend.cc', 'binding/tfjs_binding.cc', '-o', join(addon, 'tfjs_binding.node')],
      ...names.map((name) => join(libraries, name)),
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
    ],
    target,
  );
}

function execute(command: string, args: readonly string[], cwd: string): void {
  console.log(`${command} ${args.filter((arg) => arg !== EXTRACT).join(' ')}`);
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}
