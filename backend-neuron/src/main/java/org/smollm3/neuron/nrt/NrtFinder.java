package org.smollm3.neuron.nrt;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Looks for libnrt: the file that the property or the variable names and no other, else the folders
 * of LD_LIBRARY_PATH, the libraries of the system, and where the package of AWS puts it.
 */
public final class NrtFinder {
  /** System property with the path of libnrt. */
  public static final String PROPERTY = "smollm3.neuron.library";

  /** Environment variable with the path of libnrt. */
  public static final String VARIABLE = "SMOLLM3_NEURON_LIBRARY";

  private static final String LIBRARY = "libnrt.so.1";
  private static final String SYSTEM = "the libraries of the system";
  private static final String INSTALLED_AT = "/opt/aws/neuron/lib";

  private static final byte[] ELF = {0x7F, 'E', 'L', 'F'};

  /**
   * A libnrt has one state for the whole process, so there is one object for it, whoever looks:
   * they are told apart by the address of nrt_init.
   */
  private static final Map<Long, NrtLibrary> LOADED = new ConcurrentHashMap<>();

  private final Optional<String> given;
  private final String libraryPath;
  private final String installedAt;

  NrtFinder(Optional<String> given, String libraryPath, String installedAt) {
    this.given = given.filter(path -> !path.isBlank());
    this.libraryPath = libraryPath;
    this.installedAt = installedAt;
  }

  /** By the properties and the environment of this process. */
  public static NrtFinder ofProcess() {
    return new NrtFinder(
        Optional.ofNullable(System.getProperty(PROPERTY))
            .or(() -> Optional.ofNullable(System.getenv(VARIABLE))),
        Optional.ofNullable(System.getenv("LD_LIBRARY_PATH")).orElse(""),
        INSTALLED_AT);
  }

  /** Looks, and loads what is found. */
  public NrtSearch find() {
    if (given.isPresent()) {
      return atFile(new File(given.get()))
          .orElseGet(() -> new NrtSearch.NotFound(List.of(given.get())));
    }
    List<String> tried = new ArrayList<>();
    for (String folder : libraryPath.split(":", -1)) {
      if (!folder.isBlank() && !tried.contains(folder)) {
        Optional<NrtSearch> result = atFile(new File(folder, LIBRARY));
        if (result.isPresent()) {
          return result.get();
        }
        tried.add(folder);
      }
    }
    Optional<SymbolLookup> ofSystem = load(LIBRARY);
    if (ofSystem.isPresent()) {
      return bind(LIBRARY, ofSystem.get());
    }
    tried.add(SYSTEM);
    Optional<NrtSearch> installed = atFile(new File(installedAt, LIBRARY));
    if (installed.isPresent()) {
      return installed.get();
    }
    tried.add(installedAt);
    return new NrtSearch.NotFound(tried);
  }

  /** Empty if there is no such file. */
  private static Optional<NrtSearch> atFile(File file) {
    if (!file.exists()) {
      return Optional.empty();
    }
    String path = file.getAbsolutePath();
    if (!isElf(file)) {
      return Optional.of(new NrtSearch.NotLoadable(path, "is there, but is no library"));
    }
    NrtSearch result =
        load(path)
            .<NrtSearch>map(symbols -> bind(path, symbols))
            .orElseGet(
                () ->
                    new NrtSearch.NotLoadable(
                        path, "is there, but the system cannot load it as a library"));
    return Optional.of(result);
  }

  /** Whether it begins as libraries do. The JVM warns of a damaged stack where it does not. */
  private static boolean isElf(File file) {
    try (InputStream in = new FileInputStream(file)) {
      return Arrays.equals(in.readNBytes(ELF.length), ELF);
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<SymbolLookup> load(String library) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(library, Arena.global()));
    } catch (IllegalArgumentException e) { // which is how it says that there is none
      return Optional.empty();
    }
  }

  private static NrtSearch bind(String name, SymbolLookup symbols) {
    List<NrtFunction> missing = Libnrt.missing(symbols);
    if (!missing.isEmpty()) {
      return new NrtSearch.Incompatible(name, missing.stream().map(NrtFunction::symbol).toList());
    }
    long identity = symbols.findOrThrow(NrtFunction.NRT_INIT.symbol()).address();
    return new NrtSearch.Found(
        LOADED.computeIfAbsent(identity, address -> NrtLibrary.ofProcess(name, symbols)));
  }
}
