/**
 * Suffixes under which anybody can have a host of his own.
 *
 * Chosen by hand in November 2026 from common registries and hosting services: enough to catch the usual slip, far from
 * every public suffix there is. Any single label counts as one too, but for names that no public registry hands out.
 */
const SHARED: ReadonlySet<string> = new Set(
  `ac.jp ac.uk appspot.com azureedge.net azurefd.net azurewebsites.net blogspot.com ck.page cloudapp.net cloudfront.net
  cloudfunctions.net co.id co.il co.in co.jp co.ke co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.cn com.co com.eg
  com.hk com.mx com.my com.ng com.pe com.ph com.pk com.pl com.sa com.sg com.tr com.tw com.ua com.vn deno.dev
  digitaloceanspaces.com duckdns.org edu.au edu.cn elasticbeanstalk.com eu.org firebaseapp.com fly.dev github.io
  githubusercontent.com gitlab.io glitch.me go.jp gov.au gov.br gov.cn gov.in gov.uk herokuapp.com hf.space id.au
  ltd.uk me.uk myshopify.com ne.jp net.au net.br net.cn net.nz net.uk netlify.app ngrok-free.app ngrok.app ngrok.io nip.io
  on.aws ondigitalocean.app onrender.com or.jp or.kr org.au org.br org.cn org.in org.nz org.uk org.za pages.dev plc.uk
  r2.dev railway.app repl.co replit.app replit.dev run.app sch.uk sslip.io streamlit.app supabase.co surge.sh
  trafficmanager.net translate.goog trycloudflare.com up.railway.app vercel.app web.app windows.net wordpress.com
  workers.dev`.split(/\s+/),
);

/** Services that put regions between their name and the customer's. */
const FAMILIES = ['amazonaws.com', 'core.windows.net', 'on.aws', 'run.app'];

/** Top-level names that no public registry hands out. */
const PRIVATE: ReadonlySet<string> = new Set(
  'corp example home internal intranet invalid lan local localdomain localhost onion test'.split(' '),
);

/** `suffix` is lower-case, its labels joined by dots; empty: nothing stands behind the wildcard. */
export function isPublicSuffix(suffix: string): boolean {
  if (suffix === '') return true;
  if (!suffix.includes('.')) return !PRIVATE.has(suffix);
  return SHARED.has(suffix) || FAMILIES.some(family => suffix === family || suffix.endsWith(`.${family}`));
}
