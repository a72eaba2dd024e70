/// The style and the script of the HTML report; both stand in the file itself, so that it can be mailed and archived.
enum HTMLAssets {
  static let style = """
    :root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1c1e21;--dim:#666b73;--line:#dcdee2;--panel:#fff;--real:#2f7d4f;
    --virtual:#b3701a;--code:#33699e;--data:#6a5aa8;--symbols:#a8445f;--debug:#8a3b8f;--content:#7a7f87;--other:#59808a;
    --link:#1b5e9c;--over:#b3261e;--hover:#f0f2f5}
    @media(prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e6e7e9;--dim:#9aa0a8;--line:#33373d;--panel:#1c1f23;
    --real:#2f7d4f;--virtual:#a8691c;--code:#3a70a8;--data:#7363b5;--symbols:#ad4f69;--debug:#8f4a95;--content:#686e77;
    --other:#527f8a;--link:#7db4ea;--over:#f0746c;--hover:#252930}}
    *{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:1.5rem 1.25rem 4rem;background:var(--bg);color:var(--fg);
    font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
    h1{font-size:1.35rem;margin:0 0 .25rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:2.25rem 0 .6rem}
    .sub{color:var(--dim);margin:0 0 1rem}section.artifact+section.artifact{border-top:2px solid var(--line);margin-top:3rem;
    padding-top:2rem}.scroll+section.artifact{margin-top:3rem}a{color:var(--link)}nav ul{columns:2;padding-left:1.1rem}
    table{border-collapse:collapse;width:100%;background:var(--panel);font-size:.9rem}
    th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}
    th{color:var(--dim);font-weight:600;white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;
    white-space:nowrap}tbody tr:hover{background:var(--hover)}tr.total td{font-weight:600}
    .scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px}.scroll tr:last-child td{border-bottom:0}
    th button{all:unset;cursor:pointer}th button:focus-visible{outline:2px solid var(--link);outline-offset:2px}
    th[aria-sort=ascending] button::after{content:" \\25B2"}th[aria-sort=descending] button::after{content:" \\25BC"}
    .name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.84rem}
    .bars{display:grid;grid-template-columns:max-content 1fr max-content;gap:.3rem .8rem;align-items:center;font-size:.9rem}
    .track{position:relative;height:1.15rem;background:var(--hover);border-radius:3px;display:flex}
    .track i{display:block;height:100%;min-width:1px}.track i:first-child{border-radius:3px 0 0 3px}
    .cap{position:absolute;top:-.2rem;bottom:-.2rem;width:2px;background:var(--over)}
    .bars .n{text-align:right;font-variant-numeric:tabular-nums}.over{color:var(--over);font-weight:600}
    .legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.82rem;color:var(--dim);margin:.5rem 0}
    .legend i{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;margin-right:.35rem;vertical-align:-.05rem}
    .map{position:relative;height:30rem;border:1px solid var(--line);border-radius:6px;overflow:hidden;background:var(--panel)}
    .crumbs{display:flex;flex-wrap:wrap;gap:.25rem;align-items:center;font-size:.88rem;margin:0 0 .5rem;min-height:1.6rem}
    .crumbs button{all:unset;cursor:pointer;color:var(--link);overflow-wrap:anywhere}.crumbs button:hover{text-decoration:underline}
    .crumbs button:focus-visible{outline:2px solid var(--link)}.crumbs b{font-weight:600;overflow-wrap:anywhere}
    .cell{all:unset;position:absolute;box-sizing:border-box;overflow:hidden;border:1px solid var(--panel);color:#fff;
    font-size:.78rem;line-height:1.25;padding:.2rem .3rem;cursor:default;display:flex;flex-direction:column;
    align-items:flex-start;justify-content:flex-start;text-shadow:0 0 3px rgba(0,0,0,.45)}.cell.into{cursor:zoom-in}
    .cell:hover,.cell:focus-visible{filter:brightness(1.14)}.cell:focus-visible{outline:2px solid var(--fg);outline-offset:-2px}
    .cell span{display:block;max-width:100%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.cell .v{opacity:.85}
    .k-real{background:var(--real)}.k-virtual{background:var(--virtual)}.k-code{background:var(--code)}
    .k-data,.k-linking{background:var(--data)}.k-symbols{background:var(--symbols)}.k-debug{background:var(--debug)}
    .k-content,.k-padding{background:var(--content)}.k-other,.k-headers,.k-fatbin,.k-archive{background:var(--other)}
    .findings{list-style:none;padding:0;margin:0}.findings li{padding:.35rem .7rem;border-left:4px solid var(--line);margin:.35rem 0;
    background:var(--panel);overflow-wrap:anywhere}.findings .error{border-color:var(--over)}
    .findings .warning{border-color:var(--virtual)}.findings b{font-weight:600}
    @media(max-width:40rem){body{padding:1rem .7rem 3rem}.map{height:22rem}nav ul{columns:1}}
    @media print{.map,.crumbs{display:none}}
    """

  static let script = """
    "use strict";
    const fmt=n=>n.toLocaleString("en-US"),size=n=>n<1024?n+" B":n<1048576?(n/1024).toFixed(1)+" KiB":n<1073741824?
    (n/1048576).toFixed(1)+" MiB":(n/1073741824).toFixed(2)+" GiB";
    // Squarified treemap (Bruls, Huizing, van Wijk 2000): rows of cells as near to squares as they get.
    function layout(items,x,y,w,h,out){
      let sum=items.reduce((s,i)=>s+i.v,0),k=0;
      while(k<items.length&&w>0&&h>0&&sum>0){
        const short=Math.min(w,h),scale=w*h/sum;let row=[],area=0,worst=Infinity;
        for(let j=k;j<items.length;j++){
          const a=items[j].v*scale,next=area+a,side=next/short;
          const bad=Math.max(...[...row,a].map(r=>{const o=r/side;return Math.max(side/o,o/side)}));
          if(bad>worst)break;row.push(a);area=next;worst=bad}
        if(!row.length)break;
        const side=area/short;let at=0;
        for(const a of row){const len=a/side;
          out.push(w>=h?[items[k],x,y+at,side,len]:[items[k],x+at,y,len,side]);at+=len;sum-=items[k].v;k++}
        if(w>=h){x+=side;w-=side}else{y+=side;h-=side}}
    }
    function treemap(box){
      const tree=JSON.parse(box.nextElementSibling.textContent),crumbs=box.previousElementSibling;let path=[tree];
      const total=tree.v;
      // A wheel is mostly its one library: begin where there is something to choose from.
      for(let n=tree;;){const big=[...n.c].sort((a,b)=>b.v-a.v)[0];if(!big.c||big.v<n.v*.9)break;path.push(n=big)}
      function draw(focus){
        const node=path[path.length-1],w=box.clientWidth,h=box.clientHeight,cells=[];
        layout([...node.c].sort((a,b)=>b.v-a.v).filter(i=>i.v>0),0,0,w,h,cells);
        box.replaceChildren(...cells.map(([item,x,y,cw,ch])=>{
          const cell=document.createElement(item.c?"button":"div");
          cell.className="cell k-"+item.k+(item.c?" into":"");
          cell.style.cssText=`left:${x}px;top:${y}px;width:${cw}px;height:${ch}px`;
          cell.title=`${item.n}\\n${fmt(item.v)} bytes (${size(item.v)}), ${(item.v/total*100).toFixed(2)} % of the file`;
          if(cw>34&&ch>18){const s=document.createElement("span");s.textContent=item.n;cell.append(s);
            if(ch>36){const v=document.createElement("span");v.className="v";v.textContent=size(item.v);cell.append(v)}}
          if(item.c){cell.setAttribute("aria-label",`${item.n}, ${size(item.v)}, open`);
            cell.onclick=()=>{path.push(item);draw(true)}}
          return cell}));
        crumbs.replaceChildren(...path.flatMap((item,i)=>{
          const last=i===path.length-1,e=document.createElement(last?"b":"button");e.textContent=item.n;
          if(!last)e.onclick=()=>{path=path.slice(0,i+1);draw(true)};
          return i?[document.createTextNode(" \\u203A "),e]:[e]}),
          document.createTextNode(` ${size(node.v)}`));
        if(focus){const b=box.querySelector("button")||crumbs.querySelector("button");if(b)b.focus({preventScroll:true})}
      }
      draw(false);let timer;addEventListener("resize",()=>{clearTimeout(timer);timer=setTimeout(()=>draw(false),100)});
      box.addEventListener("keydown",e=>{if(e.key==="Escape"&&path.length>1){path.pop();draw(true)}});
    }
    function sortable(table){
      const heads=[...table.tHead.rows[0].cells],body=table.tBodies[0];
      heads.forEach((th,i)=>{
        const b=document.createElement("button");b.textContent=th.textContent;th.replaceChildren(b);
        b.onclick=()=>{
          const num=th.classList.contains("n"),up=th.getAttribute("aria-sort")===(num?"descending":"ascending")?num:!num;
          heads.forEach(h=>h.removeAttribute("aria-sort"));th.setAttribute("aria-sort",up?"ascending":"descending");
          const key=r=>num?+r.cells[i].dataset.v:r.cells[i].textContent.toLowerCase(),rows=[...body.rows];
          const fixed=rows.filter(r=>r.classList.contains("total"));
          rows.filter(r=>!r.classList.contains("total")).sort((a,b)=>{const x=key(a),y=key(b);
            return (x<y?-1:x>y?1:0)*(up?1:-1)}).concat(fixed).forEach(r=>body.append(r))}})
    }
    document.querySelectorAll(".map").forEach(m=>{m.hidden=false;treemap(m)});
    document.querySelectorAll("table.sort").forEach(sortable);
    """
}
