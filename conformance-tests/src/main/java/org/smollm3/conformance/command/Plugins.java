package org.smollm3.conformance.command;

import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.lang.module.ResolutionException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import org.smollm3.error.BackendException;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.BackendProvider;

/** Backends in jars that the program was not started with. They run with all its rights. */
final class Plugins {
  private Plugins() {}

  /**
   * The provider of a backend in some jars or folders of classes.
   *
   * @param path separated as a class path is
   * @throws InvalidRequestException if a part is not there
   * @throws BackendException if they cannot be loaded or have no such backend
   */
  static BackendProvider provider(String path, String name) {
    List<Path> parts = parts(path);
    List<String> names = new ArrayList<>();
    Optional<BackendProvider> found = Optional.empty();
    try {
      for (BackendProvider provider : load(parts)) {
        // Those of the program are seen as well.
        boolean own = provider.getClass().getClassLoader() == Plugins.class.getClassLoader();
        if (!own) {
          names.add(provider.name());
          found = provider.name().equals(name) ? Optional.of(provider) : found;
        }
      }
    } catch (ServiceConfigurationError | FindException | ResolutionException | LinkageError e) {
      throw new BackendException(
          "--plugin-path " + path + " cannot be loaded: " + e.getMessage(), e);
    }
    return found.orElseThrow(
        () ->
            new BackendException(
                "--plugin-path "
                    + path
                    + " has no backend '"
                    + name
                    + "'; "
                    + (names.isEmpty()
                        ? "it has none: is there a BackendProvider in META-INF/services?"
                        : "there are: " + String.join(", ", names))));
  }

  private static List<Path> parts(String path) {
    List<Path> parts = new ArrayList<>();
    for (String text : path.split(File.pathSeparator, -1)) {
      try {
        Path part = Path.of(text);
        if (text.isBlank() || !Files.exists(part)) {
          throw new InvalidRequestException(
              "--plugin-path: there is no file or folder '" + text + "'");
        }
        parts.add(part);
      } catch (InvalidPathException e) {
        throw new InvalidRequestException("--plugin-path: '" + text + "' is no path", e);
      }
    }
    return parts;
  }

  /** As modules where the program runs as modules, since a class path would not see those. */
  private static ServiceLoader<BackendProvider> load(List<Path> parts) {
    Module own = Plugins.class.getModule();
    if (own.isNamed()) {
      ModuleLayer parent = Optional.ofNullable(own.getLayer()).orElse(ModuleLayer.boot());
      ModuleFinder finder = ModuleFinder.of(parts.toArray(Path[]::new));
      List<String> roots =
          finder.findAll().stream().map(module -> module.descriptor().name()).toList();
      Configuration configuration =
          parent.configuration().resolveAndBind(finder, ModuleFinder.of(), Set.copyOf(roots));
      ModuleLayer layer =
          parent.defineModulesWithOneLoader(configuration, Plugins.class.getClassLoader());
      return ServiceLoader.load(layer, BackendProvider.class);
    }
    URL[] urls = parts.stream().map(Plugins::url).toArray(URL[]::new);
    // Stays open: classes of the backend are loaded as it runs.
    return ServiceLoader.load(
        BackendProvider.class, new URLClassLoader(urls, Plugins.class.getClassLoader()));
  }

  private static URL url(Path path) {
    try {
      return path.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new InvalidRequestException("--plugin-path: '" + path + "' is no path", e);
    }
  }
}
