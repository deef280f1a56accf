// porcupine judges histories of registers for linearizability.
module planekeeper.io/hack/judges/porcupine

go 1.26.0

require github.com/anishathalye/porcupine v1.3.1
