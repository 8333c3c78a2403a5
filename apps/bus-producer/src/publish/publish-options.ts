/** What the settings say about publishing. */
export interface PublishOptions {
  /** Answer 422 to a type without operations, as far as the types are known. Default false: stored as unrouted. */
  refuseUnknownTypes?: boolean;
}

export const PUBLISH_OPTIONS = Symbol('PublishOptions');
