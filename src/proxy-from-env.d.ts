declare module 'proxy-from-env' {
  /** The proxy for this URL by the environment; the empty text where there is none. */
  export function getProxyForUrl(url: string): string;
}
