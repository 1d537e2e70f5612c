package org.smollm3.neuron.compiler;

import java.nio.file.Path;

/**
 * A module that has been compiled.
 *
 * @param neff absolute path of the NEFF; the file does not change any more
 * @param phase {@link CompilePhase#COMPILED} or {@link CompilePhase#CACHED}: by this call or before
 */
public record CompiledModule(Path neff, CompilePhase phase) {}
