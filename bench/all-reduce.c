// The same all-reduce as all-reduce.ts, in C: mpicc -O2 -o /tmp/all-reduce bench/all-reduce.c && mpirun -n 2 /tmp/all-reduce 22
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **args) {
  enum { REPEATS = 30 };
  int provided, rank, size;
  double times[REPEATS];
  MPI_Init_thread(&count, &args, MPI_THREAD_SERIALIZED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  double megabytes = count > 1 ? atof(args[1]) : 22;
  int numbers = (int)(megabytes * 1e6 / 4);
  float *x = calloc(numbers, 4);
  for (int i = 0; i < REPEATS; i++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double began = MPI_Wtime();
    MPI_Allreduce(MPI_IN_PLACE, x, numbers, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    times[i] = 1e3 * (MPI_Wtime() - began);
  }
  qsort(times, REPEATS, sizeof *times, ascending);
  if (rank == 0)
    printf("C, %d ranks, %.1f MB: median %.2f ms, best %.2f\n", size, megabytes, times[REPEATS / 2], times[0]);
  MPI_Finalize();
}
