package org.smollm3.architecture;

import java.util.List;
import java.util.ServiceLoader;

/** Prints the providers of services, each with the kind of module that it is loaded from. */
final class ServiceProbe {
  private ServiceProbe() {}

  public static void main(String[] services) throws ClassNotFoundException {
    for (String service : services) {
      for (Object provider : ServiceLoader.load(Class.forName(service))) {
        System.out.println(
            service
                + (provider.getClass().getModule().isNamed() ? " named " : " unnamed ")
                + provider.getClass().getName());
      }
    }
  }

  static List<String> providersOf(String service) throws ClassNotFoundException {
    return ServiceLoader.load(Class.forName(service)).stream()
        .map(provider -> provider.get().getClass().getName())
        .toList();
  }
}
