/// The style sheet of an HTML report: for light and dark screens, and for paper.
enum HTMLStyle {
  static let sheet: StaticString = """
    :root { color-scheme: light dark; --text: #1b1f24; --faint: #59636e; --page: #ffffff; --box: #f6f8fa;
      --line: #d1d9e0; --crit: #b3261e; --warn: #8a5300; --info: #0b5cad; --bar: #4a7fb5;
      --wait: #e3c68c; --work: #bdb1e3; --run: #93cdb1; --end: #1b1f24; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e6edf3; --faint: #9aa4af; --page: #0f1419; --box: #182028; --line: #37424e;
        --crit: #ff8a80; --warn: #f0b35a; --info: #7cb8ff; --bar: #5f97cf; --wait: #75591f; --work: #5d4f99;
        --run: #2b6a4c; --end: #e6edf3; }
    }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1.5rem; max-width: 70rem; color: var(--text); background: var(--page);
      font: 15px/1.5 system-ui, "Liberation Sans", sans-serif; overflow-wrap: anywhere; }
    h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
    h3 { font-size: 1rem; margin: 0; } p { margin: .4rem 0; }
    code, .mono { font-family: ui-monospace, "Liberation Mono", monospace; font-size: .92em; }
    .faint, dt { color: var(--faint); }
    nav a { margin-right: 1rem; } a { color: var(--info); }
    article { border: 1px solid var(--line); border-left-width: .4rem; border-radius: .3rem; background: var(--box);
      padding: .8rem 1rem; margin: 1rem 0; }
    article.crit { border-left-color: var(--crit); } article.warn { border-left-color: var(--warn); }
    article.info { border-left-color: var(--info); }
    .badge { display: inline-block; border: 1px solid currentColor; border-radius: .3rem; padding: 0 .45rem;
      margin-right: .5rem; font-size: .85em; font-weight: 600; text-transform: uppercase; }
    .badge.crit { color: var(--crit); } .badge.warn { color: var(--warn); } .badge.info { color: var(--info); }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
    dd { margin: 0; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; margin: .5rem 0; font-size: .9em; width: 100%; }
    th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line);
      min-width: 2.5rem; }
    th { font-weight: 600; color: var(--faint); overflow-wrap: normal; }
    .word { white-space: nowrap; }
    article > table { width: auto; }
    td.text { min-width: 7rem; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    figure { margin: .8rem 0; } figcaption { color: var(--faint); font-size: .9em; }
    svg { display: block; width: 100%; height: auto; font: 12px system-ui, "Liberation Sans", sans-serif; }
    svg text { fill: var(--text); } svg .label { fill: var(--faint); }
    svg .axis { stroke: var(--line); stroke-width: 1; } svg .mark { stroke: var(--text); stroke-dasharray: 3 3; }
    svg rect { stroke: var(--box); stroke-width: .7; }
    svg .bar { fill: var(--bar); stroke: none; } svg .wait { fill: var(--wait); } svg .work { fill: var(--work); }
    svg .run { fill: var(--run); } svg .end { stroke: var(--end); stroke-width: 2; }
    .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 0 1.5rem; }
    @media (max-width: 30rem) { .charts { grid-template-columns: 1fr; } body { padding: .8rem; } }
    @media print {
      :root { --text: #000; --faint: #444; --page: #fff; --box: #fff; --line: #999; --crit: #b3261e;
        --warn: #8a5300; --info: #0b5cad; --bar: #4a7fb5; --wait: #e3c68c; --work: #bdb1e3; --run: #93cdb1;
        --end: #000; color-scheme: light; }
      body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
      table { font-size: 7pt; } td.text { min-width: 4rem; }
      .wide { overflow: visible; } article { break-inside: auto; }
      figure, tr, h2, h3, dl { break-inside: avoid; } h2, h3, .head { break-after: avoid; }
      svg rect, .badge, article { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      .charts { grid-template-columns: 1fr 1fr; }
    }
    """
}
