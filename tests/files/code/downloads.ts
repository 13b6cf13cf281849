/** Where downloads are kept. */
export interface Store {
  path: string;
}

/** Return the content of a URL. */
export function retryDownload<T>(url: string, tries: number = 3): Promise<T> {
  return fetch(url).then((reply) => reply.json());
}

export abstract class Cache<T> implements Store {
  path = "/tmp";

  /** Return a kept download, or undefined. */
  protected find(url: string): T | undefined {
    return undefined;
  }
}

export type Url = string;

export const drop = async (url: Url): Promise<void> => {
  await remove(url);
};
