/** Of package.json, which lies outside of the app; a spec compares. */
export const VERSION = '0.1.0';
