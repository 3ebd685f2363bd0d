import { UnknownUnitError } from "./errors.ts";
import { namedUnit, nearestUnits } from "./named-units.ts";
import { bitLength, parseDecimal, type Rational, times } from "./rational.ts";
import { DIMENSIONLESS, dimensionText, divide, multiply, raise, type Unit } from "./unit.ts";

/** Longer texts are no units. */
const MAX_LENGTH = 200;
const MAX_EXPONENT = 64;
const MAX_BITS = 4096;

const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2}(?!\d))?/y;
/** Letters, and the signs that are units themselves; digits inside, as in `H2O`. */
const WORD = /[%'"′″]|[\p{L}°_]+(?:\d+[\p{L}_]+)*/uy;
const EXPONENT = /\s*(?:\^|\*\*)\s*([+-]?\d+)|([+-]?\d+)|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)/y;
const DIVISION = /\s*\/\s*|\s+per\s+/iy;
const MULTIPLICATION = /\s*[*·⋅×]\s*|\s*[.-](?=[\p{L}°(%])|\s+(?!@|(?:from|since|after|ref)\b|\)|\/|per\s|$)|(?=\()/iuy;
const SHIFT = /\s*(?:@|\s(?:from|since|after|ref)\s)\s*/iy;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * Reads a unit as UDUNITS does: products (`kg m-2 s-1`, `N.m`, `K*m`), quotients (`m/s`, `mm per day`), powers (`m2`,
 * `m^2`, `m**2`, `m²`), numbers (`1e-3`, `10^6 m2`), brackets, shifts (`K @ 273.15`), prefixes, plurals.
 *
 * @throws {@link UnknownUnitError} for what is none, for logarithmic units (`dBZ`) and for times since a date.
 */
export function parseUnit(text: string): Unit {
  if (text.length > MAX_LENGTH) throw new UnknownUnitError(`${text.slice(0, 40)}…`, "is too long for a unit.");
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.trim();
  }

  parse(): Unit {
    if (this.#text === "") return DIMENSIONLESS;
    if (/^dB\p{L}*$|^(B|Np)$|\b(lg|ln|lb|log)\s*\(/u.test(this.#text)) {
      throw new UnknownUnitError(this.#text, "is logarithmic, and such units are not converted. Use a linear one.");
    }
    const unit = this.#shift();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return unit;
  }

  #shift(): Unit {
    const unit = this.#product();
    if (!this.#take(SHIFT)) return unit;
    const sign = this.#take(/-/y) ? "-" : "";
    const origin = this.#take(NUMBER);
    if (!origin || dimensionText(unit.dimensions) === "s") {
      throw new UnknownUnitError(
        this.#text,
        "counts from a date, and dates need a calendar. Use cfTime or convertTimes.",
      );
    }
    return { ...unit, offset: times(parseDecimal(sign + origin[0]), unit.scale) };
  }

  #product(): Unit {
    let unit = this.#power();
    for (;;) {
      if (this.#take(DIVISION)) {
        const divisor = this.#power();
        if (divisor.scale.numerator === 0n) throw new UnknownUnitError(this.#text, "divides by 0.");
        unit = divide(unit, divisor);
      } else if (this.#take(MULTIPLICATION)) unit = multiply(unit, this.#power());
      else return this.#sized(unit);
    }
  }

  #power(): Unit {
    const [unit, isNumber] = this.#basic();
    // A number takes an exponent only by "^".
    if (isNumber && !/^\s*(\^|\*\*)/.test(this.#text.slice(this.#at))) return unit;
    const [, raised, plain, superscript] = this.#take(EXPONENT) ?? [];
    const digits = raised ?? plain ?? (superscript && plainDigits(superscript));
    if (digits === undefined) return unit;
    const exponent = Number(digits);
    if (Math.abs(exponent) > MAX_EXPONENT || (exponent < 0 && unit.scale.numerator === 0n)) {
      throw new UnknownUnitError(this.#text, `has the exponent ${exponent}, which is out of range.`);
    }
    return this.#sized(raise(unit, exponent));
  }

  #basic(): readonly [unit: Unit, isNumber: boolean] {
    if (this.#take(/\(\s*/y)) {
      const unit = this.#shift();
      if (!this.#take(/\s*\)/y)) throw this.#unexpected();
      return [unit, false];
    }
    const sign = this.#take(/[+-]/y)?.[0] ?? "";
    const number = this.#take(NUMBER);
    if (number) return [scaled(parseDecimal(sign.replace("+", "") + number[0])), true];
    const word = sign === "" ? this.#take(WORD)?.[0] : undefined;
    if (word === undefined) throw this.#unexpected();
    const unit = namedUnit(word, parseUnit);
    if (!unit) throw new UnknownUnitError(this.#text, `is unknown at "${word}". ${nearestUnits(word)}`);
    return [unit, false];
  }

  /** Hostile texts could build numbers of millions of digits. */
  #sized(unit: Unit): Unit {
    const { numerator, denominator } = unit.scale;
    if (bitLength(numerator) + bitLength(denominator) <= MAX_BITS) return unit;
    throw new UnknownUnitError(this.#text, "is too large or too small.");
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match) this.#at += match[0].length;
    return match;
  }

  #unexpected(): UnknownUnitError {
    const rest = this.#text.slice(this.#at);
    return new UnknownUnitError(this.#text, rest === "" ? "ends too early." : `is no unit from "${rest}" on.`);
  }
}

function scaled(scale: Rational): Unit {
  return { ...DIMENSIONLESS, scale };
}

function plainDigits(text: string): string {
  return [...text].map((sign) => (sign === "⁻" ? "-" : sign === "⁺" ? "+" : SUPERSCRIPTS.indexOf(sign))).join("");
}
