// A client of the gateway by grpc-js, with the messages from our .proto files: node client.js ACTION OPTIONS, where
// OPTIONS is JSON. Says what happened as one line of JSON; {code, details} for a call that failed.

'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

const packages = path.join(__dirname, '../../build/node/node_modules');
const grpc = require(path.join(packages, '@grpc/grpc-js'));
const loader = require(path.join(packages, '@grpc/proto-loader'));

const PROTOS = path.join(__dirname, '../../services/grpc-gateway/proto');
const MIB = 1 << 20;

function load(file, name) {
  const definition = loader.loadSync(path.join(PROTOS, file), {keepCase: true, enums: String, includeDirs: [PROTOS, '/usr/include']});
  return name.split('.').reduce((at, part) => at[part], grpc.loadPackageDefinition(definition));
}

function credentials({ca, key, certificate}) {
  const read = (file) => file ? fs.readFileSync(file) : null;
  return ca ? grpc.credentials.createSsl(read(ca), read(key), read(certificate)) : grpc.credentials.createInsecure();
}

function connect(options, file, name) {
  const Client = load(file, name);
  return new Client(options.target, credentials(options), {'grpc.max_receive_message_length': 8 * MIB,
                                                           'grpc.max_send_message_length': 64 * MIB});
}

const agent = (options) => connect(options, 'agent.proto', 'agent.AgentService');

function metadata(pairs) {
  const out = new grpc.Metadata();
  for (const [name, value] of pairs || []) out.add(name, value);
  return out;
}

function deadline({seconds}) {
  return {deadline: new Date(Date.now() + (seconds || 60) * 1000)};
}

function unary(client, method, request, options) {
  return new Promise((resolve, reject) => client[method](request, metadata(options.metadata), deadline(options),
      (error, answer) => error ? reject(error) : resolve(answer)));
}

// What a stream of the server says, and its header.
function readAll(call, each) {
  return new Promise((resolve, reject) => {
    let header = {};
    call.on('metadata', (got) => { header = got.getMap(); });
    call.on('data', (message) => each(message, call));
    call.on('error', reject);
    call.on('end', () => resolve(header));
  });
}

// Sends messages as fast as the server takes them.
function upload(client, method, messages, options) {
  return new Promise((resolve, reject) => {
    const call = client[method](metadata(options.metadata), deadline(options),
        (error, answer) => error ? reject(error) : resolve(answer));
    const next = () => {
      for (;;) {
        const {value, done} = messages.next();
        if (done) return call.end();
        if (!call.write(value)) return call.once('drain', next);
      }
    };
    next();
  });
}

// The same block again and again.
function* blocks(options, field, more) {
  const block = options.file ? fs.readFileSync(options.file) : Buffer.from(options.text || '');
  for (let i = 0; i < (options.times || 1); i++) yield {[field]: block, ...more};
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const actions = {
  health: (options) => unary(connect(options, 'health.proto', 'grpc.health.v1.Health'), 'Check',
                             {service: options.service}, options),
  algo: (options) => upload(agent(options), 'Algo', blocks(options, 'algorithm'), options),
  data: (options) => upload(agent(options), 'Data', blocks(options, 'dataset', {filename: options.name}), options),

  // An upload that begins and then waits for what never comes.
  stuck: (options) => new Promise((resolve, reject) => {
    const call = agent(options).Data(metadata(options.metadata), deadline(options),
        (error, answer) => error ? reject(error) : resolve(answer));
    for (const message of blocks(options, 'dataset', {filename: options.name})) call.write(message);
    if (options.cancel_after !== undefined) setTimeout(() => call.cancel(), options.cancel_after * 1000);
  }),

  async many(options) {
    const client = agent(options);
    const one = (name) => upload(client, 'Data', blocks(options, 'dataset', {filename: name}), options)
        .then(() => 'OK', (error) => grpc.status[error.code]);
    const answers = await Promise.all(options.names.map(one));
    return answers.reduce((counts, answer) => ({...counts, [answer]: (counts[answer] || 0) + 1}), {});
  },

  // With `slow`, a reader that takes one message and then rests for so many seconds.
  async result(options) {
    const digest = crypto.createHash('sha256');
    const call = agent(options).Result({}, metadata(options.metadata), deadline(options));
    let bytes = 0, largest = 0;
    const header = await readAll(call, async ({file}) => {
      digest.update(file);
      bytes += file.length;
      largest = Math.max(largest, file.length);
      if (options.slow) {
        call.pause();
        await pause(options.slow);
        call.resume();
      }
    });
    return {bytes, largest, sha256: digest.digest('hex'), size: Number(header['file-size']), rss: process.memoryUsage().rss};
  },

  async attestation(options) {
    const parts = [];
    const call = agent(options).Attestation({vtpmNonce: Buffer.from(options.nonce, 'hex'), type: options.type},
                                            metadata(), deadline(options));
    await readAll(call, ({file}) => parts.push(file));
    return {file: Buffer.concat(parts).toString()};
  },
  ima: (options) => readAll(agent(options).IMAMeasurements({}, metadata(), deadline(options)), () => {}),
  token: (options) => unary(agent(options), 'AzureAttestationToken', {tokenNonce: Buffer.alloc(32)}, options),

  manager: (options) => unary(connect(options, 'manager.proto', 'manager.ManagerService'), options.method,
                              options.request || {}, options),
  cocos: (options) => unary(connect(options, 'cocos.proto', 'cocos.v1.ComputationService'), options.method,
                            options.request || {}, options),
};

async function main() {
  const [action, options] = [process.argv[2], JSON.parse(process.argv[3])];
  let said;
  try {
    said = await actions[action](options) || {};
  } catch (error) {
    if (error.code === undefined || error.details === undefined) throw error;
    said = {code: grpc.status[error.code], details: error.details};
  }
  process.stdout.write(JSON.stringify(said) + '\n', () => process.exit(0));
}

main();
