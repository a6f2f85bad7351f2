import { writeFileSync } from 'node:fs';

/** Writes a disk image whose boot sector says `Debian boots` on the serial port and stops. @returns its bytes */
export function writeSerialDisk(path: string): Buffer {
  // xor ax,ax; mov ds,ax; mov si,7c15h; mov dx,3f8h; next: lodsb; test al,al; jz end; out dx,al; jmp next;
  // end: hlt; jmp end.
  const sector = Buffer.alloc(1024 * 1024);
  sector.set([
    0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x15, 0x7c, 0xba, 0xf8, 0x03, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee,
  ]);
  sector.set([0xeb, 0xf8, 0xf4, 0xeb, 0xfd], 16);
  sector.write('Debian boots\r\n', 21);
  sector.set([0x55, 0xaa], 510);
  writeFileSync(path, sector);
  return sector;
}
