/**
 * @file TensorBoard's event files: records of TFRecord's framing, each a protocol buffer of TensorFlow's `event.proto`. Only
 * the few fields that scalars need are written; nothing is read.
 */
import type { ScalarRow } from './scalars.ts';

/** The first record of a file. */
export function versionRecord(at: number): Buffer {
  return record(event(at, 0, text(3, 'brain.Event:2')));
}

/** What makes a reader that follows the folder forget the points that it has from `step` on. */
export function startRecord(at: number, step: number): Buffer {
  const sessionLog = Buffer.concat([varintField(1, 1)]); // status: START
  return record(event(at, step, bytes(7, sessionLog)));
}

/** The values of a row, as one summary. */
export function scalarRecord({ at, step, values }: ScalarRow): Buffer {
  const summary = Object.entries(values).map(([tag, value]) =>
    bytes(1, Buffer.concat([text(1, tag), float(2, value)])),
  );
  return record(event(at, step, bytes(5, Buffer.concat(summary))));
}

/** @param at milliseconds since 1970; the file has seconds. */
function event(at: number, step: number, what: Buffer): Buffer {
  const wallTime = Buffer.alloc(9);
  wallTime[0] = (1 << 3) | 1;
  wallTime.writeDoubleLE(at / 1000, 1);
  return Buffer.concat([wallTime, ...(step === 0 ? [] : [varintField(2, step)]), what]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}

function float(field: number, value: number): Buffer {
  const encoded = Buffer.alloc(5);
  encoded[0] = (field << 3) | 5;
  encoded.writeFloatLE(value, 1);
  return encoded;
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** A whole number below 2 ** 53, seven bits a byte, the lowest first. */
function varint(value: number): Buffer {
  const encoded: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) encoded.push((value % 128) | 128);
  return Buffer.from([...encoded, value]);
}

/** Length, its checksum, data, its checksum. */
function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)]);
}

/** CRC-32C, turned and shifted so that a checksum of data that holds checksums is still worth something. */
function maskedChecksum(data: Uint8Array): Buffer {
  const checksum = crc32c(data);
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** Castagnoli's polynomial, bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte;
});

export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
