#pragma once
// Elementary functions with the last digits of Java's StrictMath, which Spark uses: the argument reductions and
// polynomials of fdlibm. Other libraries round closer to the true value in rare cases, and so differ.
namespace sluice::functions::fdlibm {

double Exp(double x);
double Log(double x);
double Log10(double x);
double Cbrt(double x);
double Pow(double x, double y);
double Sinh(double x);
double Cosh(double x);

}  // namespace sluice::functions::fdlibm
