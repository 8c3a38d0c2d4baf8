/**
 * All files that were dropped, those of a folder named by their path with the folder, as `chosenImages` and `runOf` take them.
 * To be called while the event is handled: what was dropped is gone afterwards.
 */
export async function droppedFiles(transfer: DataTransfer | null): Promise<readonly File[]> {
  // What comes from no disk, as an image of another page, has no entry.
  const dropped = [...(transfer?.items ?? [])].flatMap(
    (item) => item.webkitGetAsEntry() ?? item.getAsFile() ?? [],
  );
  return (await Promise.all(dropped.map((each) => (each instanceof File ? [each] : filesOf(each))))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (!entry.isDirectory) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    const path = entry.fullPath.slice(1);
    if (!path.includes('/')) return [file];
    return [new File([file], path, { type: file.type, lastModified: file.lastModified })];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  // A part at a time, until there is none.
  for (let more = true; more; ) {
    const part = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    inside.push(...part);
    more = part.length > 0;
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}
