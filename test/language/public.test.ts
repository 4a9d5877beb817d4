/** The policies of the published documentation load unchanged and decide as their authors expect. */
import { form, type Group, json, runGroups, withHeaders } from './run-cases.js';

const salesforce = 'https://api.salesforce.com/v58/sobjects/Contact/003';
const charges = 'https://api.stripe.com/v1/charges';
const chat = 'https://api.openai.com/v1/chat/completions';

const CRM = `agent: crm-agent
default: deny
rules:
  - name: read-contacts
    allow: { method: [GET], url: "api.salesforce.com/*/sobjects/Contact/*" }
  - name: small-charges
    allow: { method: [POST], url: "api.stripe.com/v1/charges" }
    body: { jsonpath: "$.amount", max: 50000 }
  - name: no-deletes
    deny: { method: [DELETE], url: "*" }
  - name: per-endpoint
    limit: { calls_per_minute: 60, per: endpoint }
  - name: office-hours
    deny: { time_outside: "09:00-17:00", timezone: "UTC" }
`;

const groups: Group[] = [
  {
    name: 'CRM agent',
    policy: CRM,
    cases: [
      [`GET ${salesforce}`, 'allow rule_allowed read-contacts'],
      [`POST ${salesforce}`, 'deny default_denied -'],
      [json(charges, { amount: 50000 }), 'allow rule_allowed small-charges'],
      [json(charges, { amount: 50001 }), 'deny default_denied'],
      [form(charges, 'amount=50000'), 'allow rule_allowed small-charges'],
      [form(charges, 'amount=50001'), 'deny default_denied'],
      [`DELETE ${salesforce}`, 'deny rule_denied no-deletes'],
      ['DELETE http://localhost:8080/x', 'deny rule_denied no-deletes'],
      [{ url: salesforce, at: '2026-01-08T08:59:00Z' }, 'deny rule_denied office-hours'],
      [{ url: salesforce, at: '2026-01-08T09:00:00Z' }, 'allow rule_allowed read-contacts'],
      [{ url: salesforce, at: '2026-01-08T16:59:00Z' }, 'allow rule_allowed read-contacts'],
      [{ url: salesforce, at: '2026-01-08T17:00:00Z' }, 'deny rule_denied office-hours'],
    ],
  },
  {
    name: 'CRM agent, the 61st call to one endpoint within a minute',
    policy: CRM,
    cases: [
      ...Array.from({ length: 60 }, (_, i) => [`GET ${salesforce.slice(0, -3)}${i}`, 'allow rule_allowed'] as const),
      [`GET ${salesforce}`, 'deny rate_limited per-endpoint'],
      [`GET ${salesforce.replace('003', 'other-one')}`, 'allow rule_allowed'],
      [{ url: salesforce, at: '2026-01-07T12:00:59.999Z' }, 'deny rate_limited per-endpoint'],
      [{ url: salesforce, at: '2026-01-07T12:01:00Z' }, 'allow rule_allowed'],
    ],
  },
  {
    name: 'models by name, counted apart',
    policy: `default: deny
mode: enforce
rules:
  - name: chat-models
    allow:
      method: [POST]
      url: "api.openai.com/v1/chat/completions"
      body:
        - jsonpath: "$.model"
          in: [gpt-4o, gpt-4o-mini]
  - name: per-model
    limit: { per: body_field, field: "$.model", calls_per_minute: 100 }
`,
    cases: [
      [json(chat, { model: 'gpt-4o-mini' }), 'allow rule_allowed chat-models'],
      [json(chat, { model: 'gpt-4-turbo' }), 'deny default_denied'],
      [json(chat, {}), 'deny default_denied'],
      [`POST ${chat}`, 'deny default_denied'],
      ...Array.from({ length: 99 }, () => [json(chat, { model: 'gpt-4o-mini' }), 'allow rule_allowed'] as const),
      [json(chat, { model: 'gpt-4o-mini' }), 'deny rate_limited per-model'],
      [json(chat, { model: 'gpt-4o' }), 'allow rule_allowed chat-models'],
    ],
  },
  {
    name: 'read-only, sixty a minute in all',
    policy: `agent: any-label
default: deny
rules:
  - name: reads
    allow: { method: ["GET"], url: "*" }
  - name: overall
    limit: { calls_per_minute: 60, per: global }
`,
    cases: [
      [{ url: 'https://anything.example/at/all?x=1', agent: 'somebody-else' }, 'allow rule_allowed reads'],
      ['POST https://anything.example/', 'deny default_denied'],
      [withHeaders('GET https://a.example/', ['X-HTTP-Method-Override', 'DELETE']), 'deny default_denied'],
      ['GET https://a.example/?_method=DELETE', 'deny default_denied'],
      ['GET https://a.example/?_method=get', 'allow rule_allowed reads'],
      ...Array.from({ length: 58 }, (_, i) => [`GET https://h${i}.example/`, 'allow rule_allowed'] as const),
      ['GET https://last.example/', 'deny rate_limited overall'],
    ],
  },
];

runGroups(groups);
