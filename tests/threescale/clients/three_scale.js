// Every call of the public Node client, unmodified: prints what each came to as one JSON document.
const { Client } = require('3scale');

console.warn = () => {}; // it says that provider keys are old
const port = Number(process.argv[2]);
const host = '127.0.0.1';
const owner = new Client('client', { host, port });
const tokens = new Client({ host, port });
const shop = { service_token: 't/k', service_id: '3001' };
const users = { service_token: 'ut', service_id: '3002' };
const login = { service_token: 'ot', service_id: '3003' };
const app = { app_id: 'node app', app_key: 'k1' };
const mine = { service_id: '3001', app_id: 'node app' };

const calls = {
  'authrep': [tokens, 'authrep', { ...shop, ...app }],
  'authrep, more': [tokens, 'authrep', { ...shop, ...app, usage: { hits: 2, other_metric: 5 }, log: { code: 200 } }],
  'authrep, too much': [tokens, 'authrep', { ...shop, ...app, usage: { hits: 3 } }],
  'authrep, wrong key': [tokens, 'authrep', { ...shop, app_id: 'node app', app_key: 'no' }],
  'authrep, unknown application': [tokens, 'authrep', { ...shop, app_id: 'boo' }],
  'authrep, wrong token': [tokens, 'authrep', { ...shop, ...app, service_token: 'no' }],
  'authrep, bad value': [tokens, 'authrep', { ...shop, ...app, usage: { hits: 'x' } }],
  'authrep, end user': [tokens, 'authrep', { ...shop, ...app, user_id: '1' }],
  'authrep, by provider key': [owner, 'authrep', { service_id: '3001', ...app, usage: { other_metric: 1 } }],
  'authrep_with_user_key': [tokens, 'authrep_with_user_key', { ...users, user_key: 'node key' }],
  'authrep_with_user_key, wrong': [owner, 'authrep_with_user_key', { service_id: '3002', user_key: 'no' }],
  'oauth_authrep': [tokens, 'oauth_authrep', { ...login, app_id: 'node phone', usage: { hits: 4 } }],
  'oauth_authrep, too much': [owner, 'oauth_authrep', { service_id: '3003', app_id: 'node phone', usage: { hits: 9 } }],
  'authorize': [tokens, 'authorize', { ...shop, ...app }],
  'authorize, too much': [tokens, 'authorize', { ...shop, ...app, usage: { hits: 3 } }],
  'authorize, unknown metric': [owner, 'authorize', { service_id: '3001', ...app, usage: { bogus: 1 } }],
  'authorize_with_user_key': [owner, 'authorize_with_user_key', { service_id: '3002', user_key: 'node key' }],
  'authorize_with_user_key, wrong': [tokens, 'authorize_with_user_key', { ...users, user_key: 'no' }],
  'oauth_authorize': [tokens, 'oauth_authorize', { ...login, app_id: 'node phone', redirect_url: 'http://ex.org/?a=1&b=2' }],
  'oauth_authorize, wrong redirect': [tokens, 'oauth_authorize', { ...login, app_id: 'node phone', redirect_url: 'http://no' }],
  'oauth_authorize, not oauth': [owner, 'oauth_authorize', mine],
  'report': [owner, 'report', '3001', [{ app_id: 'node app', usage: { hits: 1 } }, { app_id: 'node app', usage: { other_metric: 1000 } }]],
  'report, default service': [owner, 'report', [{ app_id: 'node app', usage: { hits: 1 }, timestamp: '2026-11-22 11:00:00 +0000' }]],
  'report, user key': [owner, 'report', '3002', [{ user_key: 'node key', usage: { hits: 3 } }]],
  'report, unknown service': [owner, 'report', 'no', [{ app_id: 'node app', usage: { hits: 1 } }]],
  'report, tokens inside': [tokens, 'report', '3001', [{ service_token: 't/k', app_id: 'node app', usage: { hits: 1 } }]],
  'authorize, afterwards': [owner, 'authorize', { service_id: '3001', ...app }],
};

async function main() {
  const told = {};
  for (const [name, [client, method, ...given]] of Object.entries(calls)) {
    const r = await new Promise((done) => client[method](...given, done));
    told[name] = r.is_success() ? [r.status_code] : [r.status_code, r.error_code, r.error_message];
    if (r.plan !== undefined && r.plan !== null) {
      told[name].push(r.plan, ...r.usage_reports.map((u) => [u.metric, u.period, u.current_value, u.max_value, u.period_start ?? null]));
    }
  }
  console.log(JSON.stringify(told));
  process.exit(0); // it keeps its connections
}

main();
