/** Bills of materials, by the schema that CycloneDX publishes for version 1.5. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';

const SCHEMAS = ['bom-1.5', 'spdx', 'jsf-0.82'];

/** What the schema has against a bill; empty for one that is valid. Formats (addresses, dates) are not looked at. */
export function faultsOfBill(bill: unknown): string[] {
  const folder = createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json');
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const [first = {}, ...others] = SCHEMAS.map(
    name =>
      JSON.parse(
        readFileSync(new URL(`res/schema/${name}.SNAPSHOT.schema.json`, `file://${folder}`), 'utf8'),
      ) as object,
  );
  others.forEach((other, index) => {
    ajv.addSchema(other, `http://cyclonedx.org/schema/${SCHEMAS[index + 1]}.SNAPSHOT.schema.json`);
  });
  const isValid = ajv.compile(first);
  isValid(bill);
  return (isValid.errors ?? []).map(one => `${one.instancePath} ${one.message}`);
}
