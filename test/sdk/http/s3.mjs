// @aws-sdk/client-s3 against a local server: `node s3.mjs PLAN`. Prints what came of each command.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { findPolicyDenied } from 'checkrd';
import { load } from '../packages/load.mjs';

const { origin, forbidden, how, killswitch } = JSON.parse(process.argv[2]);
const { S3Client, GetObjectCommand, PutObjectCommand } = await load('@aws-sdk/client-s3');
const { getSignedUrl } = await load('@aws-sdk/s3-request-presigner');

const options = { region: 'eu-1', forcePathStyle: true, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
const s3 = new S3Client({ ...options, endpoint: origin });
const denied = new S3Client({ ...options, endpoint: forbidden });
const Bucket = 'status';
const hash = bytes => createHash('sha256').update(bytes).digest('hex');
const pieces = () => Readable.from(Array.from({ length: 20 }, (_, i) => Buffer.alloc(20_000, `${i}`)));

async function outcomeOf(work) {
  try {
    const { $metadata, Body, ETag } = await work;
    const { httpStatusCode: status, attempts } = $metadata;
    return { status, attempts, ETag, body: Body ? hash(await Body.transformToByteArray()) : null };
  } catch (error) {
    const found = findPolicyDenied(error);
    const way = found === null ? null : found === error ? 'direct' : 'cause';
    return { name: error.name, attempts: error.$metadata?.attempts ?? null, code: found?.code ?? null, way };
  }
}

const said = {};
const put = (Key, Body, client = s3) =>
  client.send(new PutObjectCommand({ Bucket: 'up', Key, Body, ContentLength: 400_000, ContentType: 'x/bytes' }));
const get = (Key, client = s3, Own = 'echo') => client.send(new GetObjectCommand({ Bucket: Own, Key }));
said.put = await outcomeOf(put('stream', pieces()));
said.bytes = await outcomeOf(put('bytes', Buffer.alloc(400_000, 'b')));
said.get = await outcomeOf(get('object'));
said.big = await outcomeOf(get('object', s3, 'big'));
said.missing = await outcomeOf(get('404', s3, Bucket));
said.retried = await outcomeOf(get('503', s3, Bucket));
const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'echo', Key: 'signed' }));
const signed = await fetch(url);
said.signed = { status: signed.status, body: (await signed.text()).replace(/\?.*?"/, '"') };

if (how !== 'bare') {
  said['denied put'] = await outcomeOf(put('denied', pieces(), denied));
  said['denied get'] = await outcomeOf(get('denied', denied));
  const elsewhere = await getSignedUrl(denied, new GetObjectCommand({ Bucket: 'echo', Key: 'signed' }));
  said['denied signed'] = await outcomeOf(fetch(elsewhere));
  const { Body } = await get('stream', s3, 'endless');
  const reading = Body[Symbol.asyncIterator]();
  await reading.next();
  const end = outcomeOf(
    (async () => {
      for (;;) await reading.next();
    })(),
  );
  writeFileSync(killswitch, '');
  said.killed = await end;
  said.later = await outcomeOf(get('later'));
}
process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
