package org.smollm3.checkpoint;

/** File names that cannot lead out of a folder. */
final class PlainNames {
  private PlainNames() {}

  /** Whether a name is one path element on every platform: no separator, drive, dot or control. */
  static boolean isPlain(String name) {
    return !name.isEmpty()
        && !name.equals(".")
        && !name.equals("..")
        && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ' || c == 0x7f);
  }
}
