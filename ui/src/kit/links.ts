/** Opens a page outside the window. The app says how, once; the parts only ask. */
type Opener = (url: string) => void;

let opener: Opener | null = null;

export function openLinksWith(open: Opener): void {
  opener = open;
}

export function openLink(url: string): void {
  opener?.(url);
}
