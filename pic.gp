set terminal svg size 760,400 font "Helvetica,13" background "#ffffff"
set output "distributed-limits.svg"
set title "Best random sparsification by number of workers"
set logscale xy
set xlabel "workers n"
set ylabel "virtual seconds to the goal"
set xtics (4,16,64,256)
set ytics (1000,2000,5000,10000,20000)
set xrange [3.5:300]
set yrange [700:18000]
set key outside right top
set style fill transparent solid 0.15 noborder
plot "pic-0.0.dat" using 1:3:4 with filledcurves lc rgb "#1f77b4" notitle, \
 "pic-0.0.dat" using 1:2 with lines lw 2 lc rgb "#1f77b4" title "τ_s = 0", \
 "pic-0.0.dat" using 1:5 with points pt 7 ps 0.6 lc rgb "#1f77b4" notitle, \
 "pic-0.03.dat" using 1:3:4 with filledcurves lc rgb "#2ca02c" notitle, \
 "pic-0.03.dat" using 1:2 with lines lw 2 lc rgb "#2ca02c" title "τ_s = 0.03 τ_w", \
 "pic-0.03.dat" using 1:5 with points pt 7 ps 0.6 lc rgb "#2ca02c" notitle, \
 "pic-0.1.dat" using 1:3:4 with filledcurves lc rgb "#ff7f0e" notitle, \
 "pic-0.1.dat" using 1:2 with lines lw 2 lc rgb "#ff7f0e" title "τ_s = 0.1 τ_w", \
 "pic-0.1.dat" using 1:5 with points pt 7 ps 0.6 lc rgb "#ff7f0e" notitle, \
 "pic-0.3.dat" using 1:3:4 with filledcurves lc rgb "#d62728" notitle, \
 "pic-0.3.dat" using 1:2 with lines lw 2 lc rgb "#d62728" title "τ_s = 0.3 τ_w", \
 "pic-0.3.dat" using 1:5 with points pt 7 ps 0.6 lc rgb "#d62728" notitle, \
 "pic-1.0.dat" using 1:3:4 with filledcurves lc rgb "#9467bd" notitle, \
 "pic-1.0.dat" using 1:2 with lines lw 2 lc rgb "#9467bd" title "τ_s = τ_w", \
 "pic-1.0.dat" using 1:5 with points pt 7 ps 0.6 lc rgb "#9467bd" notitle, \
 "pic-whole.dat" using 1:2 with lines lw 1.5 dt 2 lc rgb "#777777" title "whole vectors, τ_s = 0", \
 3455.856746631634 with lines lw 1.5 dt 4 lc rgb "#000000" title "one worker"
