/// The look of the page: light or dark as the reader has it, from a phone's width to a desk's, and on paper.
enum PageStyle {
    static var css: String {
        """
        :root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--line:#e1e6ec;--grid:#e9edf1;--ink:#17212b;--muted:#5a6673;\
        --accent:#0a63a8;--good:#0a6b45;--good-soft:#def3e8;--warning:#7a4d00;--warning-soft:#fdf0d2;--bad:#a11a2c;--bad-soft:#fde4e6;\
        --soft:#eef2f6;\(Palette.declarations(isDark: false))}
        @media screen and (prefers-color-scheme:dark){:root{--page:#0e1319;--card:#161d25;--line:#28323d;--grid:#222b35;--ink:#e8edf2;\
        --muted:#9cabb9;--accent:#7cc0f5;--good:#5fd6a0;--good-soft:#12352a;--warning:#f2c25c;--warning-soft:#38290b;--bad:#ff8f98;\
        --bad-soft:#401a20;--soft:#1e2731;\(Palette.declarations(isDark: true))}}
        \(rules)
        .scale i{background:\(ColorScale.gradient)}
        """
    }

    private static let rules = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
        body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",\
        "Helvetica Neue",Arial,"PingFang SC","Hiragino Sans GB","Microsoft YaHei","Noto Sans CJK SC","WenQuanYi Micro Hei",sans-serif;\
        font-variant-numeric:tabular-nums;-webkit-font-smoothing:antialiased}
        main,header,footer,nav{max-width:1240px;margin:0 auto;padding:0 24px}
        h1,h2,h3,h4,p,dl,dd,figure,ul{margin:0;padding:0}
        h1{font-size:clamp(26px,4vw,38px);line-height:1.15;letter-spacing:-.02em;font-weight:700;overflow-wrap:anywhere;\
        display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center}
        h2{font-size:22px;letter-spacing:-.01em;line-height:1.25;margin:48px 0 16px;overflow-wrap:anywhere}
        h3{font-size:15.5px;font-weight:650;line-height:1.35}
        a{color:var(--accent)}
        header{padding-top:44px}
        .kind{color:var(--muted);font-size:14px;margin-bottom:8px}
        .verdict{font-size:clamp(18px,2.2vw,23px);line-height:1.5;margin-top:16px;max-width:56em;color:var(--muted);text-wrap:pretty;\
        overflow-wrap:anywhere}
        .verdict b{color:var(--ink);font-weight:650}
        .about{color:var(--muted);font-size:14.5px;margin-top:12px;overflow-wrap:anywhere}
        .badge{display:inline-block;font-size:12.5px;font-weight:600;line-height:1;letter-spacing:0;padding:6px 10px;border-radius:99px;\
        background:var(--soft);color:var(--muted);white-space:nowrap}
        .badge.good{background:var(--good-soft);color:var(--good)}
        .badge.warning{background:var(--warning-soft);color:var(--warning)}
        .badge.bad{background:var(--bad-soft);color:var(--bad)}
        .badge.changed{background:var(--soft);color:var(--accent)}
        nav{display:flex;flex-wrap:wrap;gap:4px 22px;margin-top:22px;font-size:15px}
        nav a{text-decoration:none;padding:4px 0;overflow-wrap:anywhere}
        nav a:hover{text-decoration:underline}
        .card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:18px 20px}
        .notice{margin-top:22px;background:var(--warning-soft);color:var(--warning);border-radius:14px;padding:14px 20px;font-size:15px;\
        overflow-wrap:anywhere}
        .notice h2{font-size:15px;margin:0 0 2px}
        .notice ul{padding-left:20px}
        .tiles{display:flex;flex-wrap:wrap;gap:14px;margin-top:26px}
        .tile{flex:1 1 calc(100%/var(--columns) - 14px);background:var(--card);border:1px solid var(--line);border-radius:14px;padding:14px 18px 13px;min-width:150px}
        .tile dt{color:var(--muted);font-size:14px}
        .tile dd{font-size:25px;font-weight:650;letter-spacing:-.02em;line-height:1.3;overflow-wrap:anywhere}
        .tile small{display:block;font-size:13.5px;font-weight:400;letter-spacing:0;color:var(--muted);line-height:1.4}
        .grid{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr))}
        .grid>.wide{grid-column:1/-1}
        .chart{min-width:0;display:flex;flex-direction:column}
        figcaption{display:flex;flex-wrap:wrap;gap:2px 12px;align-items:baseline}
        .unit{color:var(--muted);font-size:13.5px}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;width:100%;font-size:13.5px;color:var(--muted);min-height:22px;\
        overflow-wrap:anywhere}
        .legend li{display:flex;align-items:center;gap:7px}
        .key{width:18px;height:12px;overflow:visible;flex:none}
        .plot{position:relative;flex:1 0 var(--plot-height,200px);margin:12px 12px 30px 50px}
        .tall .plot{--plot-height:270px}
        .two-sided{margin-right:54px}
        .frame{position:absolute;width:100%;height:100%;overflow:visible}
        .frame svg{overflow:visible}
        .plot text{font-size:12.5px;fill:var(--muted)}
        .plot .cell{font-size:12px}
        .cells .curves{shape-rendering:crispEdges}
        line.grid{stroke:var(--grid)}
        line.axis{stroke:var(--line)}
        line.epoch{stroke:var(--muted);stroke-dasharray:1 4;opacity:.6}
        .line,.raw,.rule,.band{fill:none;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}
        .line{stroke-width:2}
        .raw{stroke-width:1;opacity:.45}
        .band{stroke-width:1;opacity:.26}
        .rule{stroke:var(--muted);stroke-width:1.5;stroke-dasharray:6 4}
        .dot{stroke:var(--card);stroke-width:1}
        .mark{overflow:visible}
        .mark.best{stroke:var(--card);stroke-width:1.5;paint-order:stroke}
        .mark.overflow{fill:var(--series-1)}
        .mark.skipped{fill:none;stroke:var(--muted);stroke-width:2;stroke-linecap:round}
        .note{color:var(--muted);font-size:13.5px;line-height:1.45}
        .note details{margin-top:6px}
        summary{cursor:pointer;color:var(--accent)}
        .tip{position:absolute;top:0;z-index:1;pointer-events:none;background:var(--ink);color:var(--card);border-radius:8px;padding:6px 10px;\
        font-size:13px;line-height:1.45;white-space:nowrap;max-width:100%;overflow:hidden}
        .cross{position:absolute;top:0;bottom:0;width:1px;background:var(--muted);pointer-events:none}
        .plot:focus-visible{outline:2px solid var(--accent);outline-offset:6px;border-radius:4px}
        .scale{display:flex;align-items:center;gap:8px;color:var(--muted);font-size:12.5px;margin:8px 0;white-space:nowrap}
        .scale i{flex:1;height:8px;border-radius:4px;min-width:20px}
        .answers{display:grid;gap:14px}
        .answer{display:grid;grid-template-columns:1fr auto;gap:10px 16px;align-items:start}
        .answer h3{overflow-wrap:anywhere;white-space:pre-wrap}
        .sides{grid-column:1/-1;display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr))}
        .sides>div{background:var(--soft);border-radius:10px;padding:11px 15px;min-width:0}
        .sides>.new{box-shadow:inset 3px 0 var(--accent)}
        .sides p{white-space:pre-wrap;overflow-wrap:anywhere}
        h4{font-size:13.5px;font-weight:600;color:var(--muted)}
        .none{color:var(--muted);font-style:italic}
        .explanation{color:var(--muted);font-size:14.5px;max-width:62em;margin:18px 0}
        .modules{display:grid;gap:14px;grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr));align-items:start}
        .module{padding:14px 16px;min-width:0}
        .module h4{color:var(--ink);font-size:14.5px;line-height:1.35;margin-bottom:9px;overflow-wrap:anywhere}
        .map{display:block;height:auto;margin:0 auto;image-rendering:pixelated;border-radius:4px}
        .bars{display:block;width:100%;height:44px;margin-top:12px;border-bottom:1px solid var(--line)}
        .bars path{fill:var(--series-0)}
        .module .unit{margin:2px 0 8px}
        .module dl div{display:flex;justify-content:space-between;gap:8px;font-size:13.5px;line-height:1.65}
        .module dt{color:var(--muted)}
        .fold>summary{font-weight:600}
        .fold .modules{margin-top:16px}
        .tables,.tables>div{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));align-items:start}
        .facts{min-width:0}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:14px}
        .facts h3+.scroll{margin-top:8px}
        th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-top:1px solid var(--grid);overflow-wrap:anywhere}
        tr:first-child>*{border-top:0}
        thead+tbody tr:first-child>*{border-top:1px solid var(--grid)}
        th{font-weight:500;color:var(--muted);min-width:8em}
        th:last-child,td:last-child{padding-right:0}
        .numbers th,.numbers td{text-align:right;padding:3px 16px 3px 0;min-width:0;white-space:nowrap}
        .numbers .best td{color:var(--good);font-weight:600}
        .compare td,.compare thead th{min-width:8.5em}
        .compare thead th{color:var(--ink);font-weight:600}
        .compare td b{color:var(--good);font-weight:650}
        .compare small{display:block;color:var(--muted);font-size:13px}
        .swatch{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:8px}
        .run{border-top:1px solid var(--line);margin-top:48px}
        .run h3.part{font-size:17px;margin:28px 0 12px}
        footer{color:var(--muted);font-size:13.5px;padding-top:44px;padding-bottom:36px}
        @media(max-width:600px){
        main,header,footer,nav{padding-left:14px;padding-right:14px}
        header{padding-top:26px}
        h2{margin-top:36px}
        .card{padding:14px 14px}
        .tiles{gap:10px;margin-top:20px}
        .tile{padding:11px 13px;flex-basis:calc(50% - 10px);min-width:0}
        .tile dd{font-size:22px}
        .plot{margin-left:44px;margin-right:6px}
        .two-sided{margin-right:48px}
        .tall .plot{--plot-height:220px}
        .modules{grid-template-columns:1fr 1fr;gap:10px}
        .module{padding:11px 11px}
        .module h4{font-size:13.5px}
        .module dl div{font-size:12.5px}
        .scale{font-size:11.5px;gap:6px}
        th{min-width:6.5em}
        }
        @media print{
        body{background:#fff;font-size:11pt}
        main,header,footer{max-width:none}
        nav,.tip,.cross{display:none}
        .card,.tile,.answer{break-inside:avoid}
        .facts,.fold{break-inside:auto}
        .grid{grid-template-columns:1fr 1fr}
        .modules{grid-template-columns:repeat(4,1fr)}
        h2{break-after:avoid}
        .scale i,.bars,.badge,.notice,svg{-webkit-print-color-adjust:exact;print-color-adjust:exact}
        }
        """
}
