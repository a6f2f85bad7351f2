export function reemittedText(text: string): string;
export function reemitted(data: unknown): string;
